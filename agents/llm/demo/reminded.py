"""What the demo model says of the memories it was given, where the documents know nothing."""

import re
from typing import Any

from agents.llm.demo.steps import Result

GIVEN = re.compile(r"<memories>\n(.*?)\n</memories>", re.DOTALL)
LINE = re.compile(r"- \((?P<date>[^,)]+), (?P<kind>[^)]+)\) (?P<text>.+?)(?: \(from: “.*”\))?")
UNSAID = ("preference", "from a conversation")  # how to answer, and what nobody asked to be kept
MOST_TOLD = 3


def reminded(messages: list[dict[str, Any]], question: str, results: list[Result]) -> str:
    """What is known about the person that shares a word with the question; empty where a tool found something."""
    if not results or not all(_is_in_vain(result) for result in results):
        return ""
    given = GIVEN.search(messages[0].get("content") or "") if messages[0]["role"] == "system" else None
    lines = [LINE.fullmatch(line) for line in given[1].split("\n")] if given else []
    asked = _stems(question)
    told = [line for line in lines if line and line["kind"] not in UNSAID and asked & _stems(line["text"])]
    if not told:
        return ""
    known = "\n".join(f"- {line['text']} ({line['date']})" for line in told[:MOST_TOLD])
    return f"The documents say nothing about it. What I know about you:\n\n{known}"


def _is_in_vain(result: Result) -> bool:
    return result.tool == "search_knowledge" and '"passages": []' in result.content


def _stems(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"\w{4,}", text.lower())} - {"what", "which", "where", "when", "with"}
