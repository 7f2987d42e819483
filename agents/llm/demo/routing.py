"""Whom to hand a conversation to: the specialist whose field shares most words with the question."""

import re

from agents.llm.base import ToolSpec
from agents.llm.demo import talk
from agents.llm.demo.rules import plan
from agents.llm.demo.steps import Ask, Result, Say, Step

HAND_OFF = "hand_off"
STEM = 5  # letters: "crashes" and "crashed" are one word, "refund" and "refunds" too
SURE, QUITE_SURE, GUESSING = 0.95, 0.75, 0.4
COMMON = set(
    "about and anything are does everything from have neither that the them there this what when with your".split()
)


def route(question: str, offered: dict[str, ToolSpec], results: list[Result]) -> list[Step] | None:
    """A hand-off, or the question back that settles it; None where this agent is to answer itself."""
    tried = [result for result in results if result.tool == HAND_OFF]
    fields = _fields(offered[HAND_OFF]) if HAND_OFF in offered else {}
    if tried and tried[-1].is_error:
        return [Say(talk.which_field(fields))] if fields and len(offered) == 1 else None
    if tried or not fields:
        return None  # whoever was handed the question answers it
    best, confidence = _choice(question, fields)
    if len(offered) > 1 and confidence < QUITE_SURE:
        return None
    if len(offered) == 1 and _is_talk(question):
        return None
    reason = talk.reason(_shared(question, fields[best]), best)
    return [Ask(HAND_OFF, {"agent": best, "reason": reason, "confidence": confidence})]


def _choice(question: str, fields: dict[str, str]) -> tuple[str, float]:
    counts = {slug: len(_shared(question, field)) for slug, field in fields.items()}
    ranked = sorted(counts, key=lambda slug: -counts[slug])
    first, runner_up = counts[ranked[0]], counts[ranked[1]] if len(ranked) > 1 else 0
    if first == runner_up:
        return ranked[0], GUESSING
    return ranked[0], SURE if first - runner_up > 1 else QUITE_SURE


def _shared(question: str, field: str) -> list[str]:
    """The words of a question that belong to a field."""
    stems = {word[:STEM] for word in _words(field)}
    return [word for word in _words(question) if word[:STEM] in stems]


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_]{3,}", text.lower()) if word not in COMMON]


def _fields(spec: ToolSpec) -> dict[str, str]:
    """What each of the targets is for, from the words the LLM is offered them with: `slug: field; slug: field.`"""
    slugs = spec.parameters["properties"]["agent"].get("enum", [])
    names = "|".join(re.escape(slug) for slug in slugs)
    found = (
        re.findall(rf"(?:^|[\s;.])({names}): (.*?)(?=; (?:{names}): |\Z)", spec.description, re.DOTALL) if slugs else []
    )
    return dict(found)


def _is_talk(question: str) -> bool:
    """Greetings, thanks and questions about itself need no specialist."""
    steps = plan(question, frozenset())
    return talk.asks_for_help(question) or all(isinstance(step, Say) and step.is_small_talk for step in steps)
