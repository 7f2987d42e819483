"""What somebody tells about themselves, and what they want to have forgotten: given to the tools, as a model would."""

import re
from datetime import UTC, datetime
from typing import Any

from agents.llm.demo.clauses import Clause
from agents.llm.demo.steps import Ask, Step
from memory import rules
from memory.sentences import TO_REMEMBER

TO_FORGET = re.compile(
    r"(?:(?:please|bitte)[,\s]+)*(?:(?:can|could|would) you )?(?:please )?(?:forget|vergiss|oublie)"
    r"(?:,? (?:that|about|dass|que)\b)?,?\s+(?P<what>(?!it$|that$|this$|about it$|nicht|pas\b)\S.*)$",
    re.IGNORECASE,
)


def remembering(clause: Clause, offered: frozenset[str]) -> list[Step]:
    if "forget" in offered and (match := TO_FORGET.match(clause.text)):
        return [Ask("forget", {"what": match["what"]})]
    if "remember" not in offered:
        return []
    if match := TO_REMEMBER.match(clause.text):
        return [Ask("remember", {"text": match["value"]})]
    if not clause.is_question and rules.candidates_in(clause.text, said_at=datetime.now(UTC)):
        return [Ask("remember", {"text": clause.text})]
    return []


def remembered(found: dict[str, Any], asked: dict[str, Any]) -> str:
    said = "; ".join(f"**{text}**" for text in found["remembered"])
    instead = "; ".join(found.get("in_the_place_of", ()))
    return f"I will remember: {said}." + (f" That takes the place of: {instead}." if instead else "")


def forgotten(found: dict[str, Any], asked: dict[str, Any]) -> str:
    if "forgotten" in found:
        return f"Forgotten: **{found['forgotten']}**. {found['note']}"
    listed = "\n".join(f"- {text}" for text in found["which_one"])
    return f"Several things fit. Which one do you mean?\n\n{listed}"
