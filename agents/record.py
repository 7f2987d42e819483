"""A turn written down for a reader who was not there: who said what, which tools were called, what they found."""

from agents.transcript import Answer, Entry

LONGEST_RESULT = 2_000  # characters


def record_of(turn: list[Entry]) -> str:
    return "\n".join(line for entry in turn for line in _lines(entry))


def clipped(text: str, size: int, limit: int) -> str:
    """The text, without its middle where its `size` (in tokens or characters alike) passes the limit."""
    if size <= limit:
        return text
    half = len(text) * max(limit, 0) // size // 2
    return f"{text[:half]}\n[left out: {len(text) - 2 * half:,} characters]\n{text[len(text) - half :]}"


def _lines(entry: Entry) -> list[str]:
    if not isinstance(entry, Answer):
        return [f"Person: {entry.text}"]
    lines = [f"Assistant: {entry.text}"] if entry.text else []
    for call in entry.calls:
        lines.append(
            f"Assistant called {call.name} with {clipped(call.arguments, len(call.arguments), LONGEST_RESULT)}"
        )
        lines.append(f"Result of {call.name}: {clipped(call.result, len(call.result), LONGEST_RESULT)}")
    return lines
