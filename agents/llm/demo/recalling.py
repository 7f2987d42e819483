"""What somebody asks about themselves: looked up by the tool, as a model would."""

import re
from typing import Any

from agents.llm.demo.clauses import Clause
from agents.llm.demo.steps import Ask, Step

EVERYTHING = re.compile(
    r"(?:what|tell me what|show me what)(?: all)? (?:do|did) you (?:know|remember|remembered)(?: about me)?$|who am i$|"
    r"was wei(?:ß|ss)t du (?:alles )?über mich$|que sais-tu (?:de|sur) moi$",
    re.IGNORECASE,
)
SOMETHING = re.compile(
    r"(?:what (?:did|have) i (?:told|tell|said|say)(?: to)?(?: you)? about|"
    r"(?:do|can) you (?:remember|recall|know)(?: what i (?:told|said to) you)?(?: about)?|"
    r"what do you know about)\s+(?P<what>(?!the\b|a\b|an\b|how\b|who\b)\S.*)$",
    re.IGNORECASE,
)
OWN = re.compile(  # what people tell of themselves; what is "mine" in a company's rules is in the documents
    r"(?:what|who|when|where|how old)(?:'s| is| are| was| were)\s+my\s+(?:\w+\s+)?(?:names?|birthday|age|sister|"
    r"brother|mother|mum|mom|father|dad|parents|wife|husband|partner|son|daughter|children|kids|dog|cat|pet|friend|boss|"
    r"job|home|hobby|hobbies|favou?rite|allerg\w+)\b|what(?:'s| is| are) my favou?rite\b|"
    r"(?:where|what|which|when) (?:do i (?:live|work|like|love|prefer|study|speak|play|eat|drink|own|drive)\b|"
    r"am i (?:from|called|allergic)\b)",
    re.IGNORECASE,
)
MOST_TOLD = 6
SHORT = 280


def recalling(clause: Clause, offered: frozenset[str]) -> list[Step]:
    if "recall" not in offered:
        return []
    if EVERYTHING.match(clause.text):
        return [Ask("recall", {"query": ""})]
    if match := SOMETHING.match(clause.text):
        return [Ask("recall", {"query": match["what"]})]
    return [Ask("recall", {"query": clause.text})] if OWN.match(clause.text) else []


def recalled(found: dict[str, Any], asked: dict[str, Any]) -> str:
    memories = found["memories"][:MOST_TOLD]
    about = f" about “{asked['query']}”" if asked.get("query") else " about you yet"
    if not memories:
        return f"I know nothing{about}."
    lines = "\n".join(f"- {_line(one)}" for one in memories)
    return f"This is what I know{about.removesuffix(' yet')}:\n\n{lines}"


def _line(one: dict[str, str]) -> str:
    text = " ".join(one["text"].split())
    words = text if len(text) <= SHORT else f"{text[:SHORT].rstrip()} …"
    return f"“{words}” (from a conversation)" if one["kind"] == "conversation" else f"{words} ({one['known_since']})"
