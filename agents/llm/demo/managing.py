"""A task for several: have it found out, have it written, send it; each step with what the one before has brought."""

import re

from agents.llm.base import ToolSpec
from agents.llm.demo import talk
from agents.llm.demo.steps import Ask, Result, Say, Step

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
URL = re.compile(r"https?://[^\s<>\"')]+[^\s<>\"').,;!?]")
NEXT = r"(?:,? ?(?:and |then |and then )?(?:please )?(?:write|draft|compose|send|mail|e-?mail)\b)"
RESEARCH = re.compile(
    rf"\b(?:research|find out|look up|investigate)\s+(?:about\s+)?(.+?)(?={NEXT}|[?!;\n]|\.(?:\s|$)|$)", re.I
)
WRITE = re.compile(
    r"\b(?:write|draft|compose)\s+(.+?)(?=,? (?:and |then |and then )?(?:send|mail|e-?mail)\b|[?!;\n]|\.(?:\s|$)|$)",
    re.I,
)
SAYING = re.compile(r"\b(?:saying|that says|with the text|with the words):?\s+(.+)", re.I | re.DOTALL)
REQUEST = re.compile(r"\b(get|head|post|put|delete|fetch|call|request)\b.*?(https?://)", re.I)
TOPICS = re.compile(r",\s+(?:and\s+)?|\s+and\s+(?=(?:the|our|my|what|when|who|how|where|which|\d)\b)", re.I)
ASKED = re.compile(r"(?:what|when|who|where|which|how|why|is|are|does|do)\b", re.I)
NOTES = "Notes:"
WRITING = re.compile(rf"\s*(?:please )?write (.+?)\.?\n+{NOTES}\n(.+)\Z", re.I | re.DOTALL)
MOST_TOPICS = 4


def manage(question: str, offered: dict[str, ToolSpec], results: list[Result]) -> list[Step] | None:
    """What to do next about a task that others have a part in; None where it is no such task."""
    known = {*offered, *(result.tool for result in results)}
    researcher, writer = _child(known, "research"), _child(known, "writ")
    topics = _topics(question) if researcher else []
    writing = WRITE.search(question) if writer else None
    address = ADDRESS.search(question) if "send_email" in known else None
    stages: list[list[Ask]] = [[Ask(researcher, {"task": topic}) for topic in topics]] if researcher and topics else []
    notes = _notes(results, researcher)
    if writer and writing:
        stages.append([Ask(writer, {"task": f"Write {writing[1].strip()}.\n\n{NOTES}\n{notes or question}"})])
    text = next((result.words for result in results if result.tool == writer and not result.is_error), notes)
    if address and (text or stages or SAYING.search(question)):
        stages.append([Ask("send_email", _mail(address[0], question, topics, text))])
    if request := _request(question) if "http_request" in known else None:
        stages.append([request])
    return _next(stages, offered, results) if stages else None


def written(task: str) -> list[Step] | None:
    """The answer of a writer: the notes it was given, in the form of a text; None where it was not asked to write."""
    asked = WRITING.match(task)
    return [Say(talk.put_together(asked[1].strip(), asked[2].strip()))] if asked else None


def _next(stages: list[list[Ask]], offered: dict[str, ToolSpec], results: list[Result]) -> list[Step]:
    """The first stage that is not done yet, unless something went wrong before it; in the end a report."""
    has_failed = any(result.is_error for result in results)
    for stage in stages:
        is_done = any(result.tool == stage[0].tool for result in results)
        if not is_done and not has_failed and stage[0].tool in offered:
            return list(stage)
    return [Say(talk.report([(result.tool, result.words, result.is_error) for result in _told(results)]))]


def _told(results: list[Result]) -> list[Result]:
    """What the report speaks of: what was found stands in what was written of it."""
    written_of = any("writ" in result.tool and not result.is_error for result in results)
    return [result for result in results if result.is_error or not written_of or "research" not in result.tool]


def _child(known: set[str], kind: str) -> str | None:
    return next((name for name in sorted(known) if name.startswith("ask_") and kind in name), None)


def _topics(question: str) -> list[str]:
    """Each of the things to be found out, as a question."""
    if not (found := RESEARCH.search(question)):
        return []
    topics = [topic.strip(" ,.") for topic in TOPICS.split(found[1])]
    return [_as_question(topic) for topic in topics if topic][:MOST_TOPICS]


def _as_question(topic: str) -> str:
    return f"{topic[0].upper()}{topic[1:]}?" if ASKED.match(topic) else f"What is {topic}?"


def _notes(results: list[Result], researcher: str | None) -> str:
    return "\n\n".join(result.words for result in results if result.tool == researcher and not result.is_error)


def _mail(to: str, question: str, topics: list[str], text: str) -> dict[str, str]:
    said = SAYING.search(question)
    subject = topics[0].removeprefix("What is ").rstrip("?") if topics else "A message"
    body = text or (said[1].strip() if said else question)
    return {"to": to, "subject": f"{subject[0].upper()}{subject[1:]}"[:200], "body": body}


def _request(question: str) -> Ask | None:
    asked, url = REQUEST.search(question), URL.search(question)
    if not asked or not url:
        return None
    verb = asked[1].upper()
    return Ask("http_request", {"method": verb if verb in ("HEAD", "POST", "PUT", "DELETE") else "GET", "url": url[0]})
