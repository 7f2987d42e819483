"""From a tool's result to the words of the answer."""

import json
import re
from collections.abc import Callable
from typing import Any

from agents.llm.demo import talk
from agents.llm.demo.recalling import recalled
from agents.llm.demo.remembering import forgotten, remembered
from agents.llm.demo.steps import Result

MOST_QUOTES = 3
QUOTE_CHARS = 420
FAILURES = {
    "calculator": "The calculator could not work that out.",
    "current_time": "The clock could not be read.",
    "search_knowledge": "The documents could not be searched.",
    "remember": "I could not remember that.",
    "forget": "I could not forget that.",
    "recall": "I could not look that up.",
}


def answer(result: Result) -> str:
    """What to say about a tool's result, the failed ones included."""
    if result.is_error:
        words = FAILURES.get(result.tool, f"The tool {result.tool} failed.")
        return f"{words} It said: {result.words}"
    try:
        return ANSWERS[result.tool](json.loads(result.content), result.arguments)
    except (ValueError, KeyError, TypeError):  # a tool these rules were not written for
        return f"The tool {result.tool} answered:\n\n```\n{result.content}\n```"


def _sum(found: dict[str, Any], asked: dict[str, Any]) -> str:
    return f"`{found['expression']}` = **{found['result']}**"


def _time(found: dict[str, Any], asked: dict[str, Any]) -> str:
    zone = found["timezone"]
    if zone == "UTC":
        return f"It is **{found['readable']}** UTC."
    return f"In {zone.rsplit('/', 1)[-1].replace('_', ' ')} it is **{found['readable']}** ({zone})."


def _quotes(found: dict[str, Any], asked: dict[str, Any]) -> str:
    passages = found["passages"][:MOST_QUOTES]
    if not passages:
        return talk.nothing_found(asked["query"])
    quotes = "\n\n".join(_quote(passage, asked["query"]) for passage in passages)
    return f"From the documents, on “{asked['query']}”:\n\n{quotes}"


def _quote(passage: dict[str, Any], query: str) -> str:
    lines = _excerpt(passage["text"], query).split("\n")
    place = f", {passage['place']}" if passage.get("place") else ""
    page = f", page {passage['page']}" if passage.get("page") else ""
    source = f"> — **{passage['title']}**{place}{page}{_mark(passage)}"
    return "\n".join([*(f"> {line}".rstrip() for line in lines), ">", source])


def _mark(passage: dict[str, Any]) -> str:
    """What the page makes a link to the passage."""
    return f" [{passage['number']}]" if passage.get("number") else ""


def _excerpt(text: str, query: str) -> str:
    """The passage, or of a long one the sentences from the one that shares most words with the query."""
    if len(text) <= QUOTE_CHARS:
        return text
    sentences = re.findall(r".+?(?:[.!?](?=\s)\s*|\n+|$)", text)
    asked = _stems(query)
    best = max(range(len(sentences)), key=lambda at: (len(asked & _stems(sentences[at])), -at))
    chosen = ""
    for sentence in sentences[best:]:
        if chosen and len(chosen) + len(sentence) > QUOTE_CHARS:
            break
        chosen += sentence
    start = "… " if best else ""
    end = "" if text.endswith(chosen) else " …"
    return f"{start}{chosen.strip()}{end}"


def _stems(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"\w{4,}", text.lower())}


ANSWERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], str]] = {
    "calculator": _sum,
    "current_time": _time,
    "search_knowledge": _quotes,
    "remember": remembered,
    "forget": forgotten,
    "recall": recalled,
}
