"""What can be learned from plain sentences without a language model: "my name is", "I prefer", "remember that".

The rules would rather miss something than make something up: a sentence must begin like that, be no question, and not
stand in a quotation, in code, or in a text that somebody wants to have translated or written.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from memory.models import MemoryKind
from memory.models.memories import LONGEST_MEMORY
from memory.remember import Candidate
from memory.sentences import ABOUT_ANSWERS, AGE, ANSWERING, DIET, FAVOURITE, PARTNERS, RELATION, RULES, TO_REMEMBER

EXTRACTOR = "rules 1"
LONGEST_MESSAGE = 1_500  # what is longer was pasted, and is somebody else's
LONGEST_SENTENCE = 300
LONGEST_VALUE = 80
MOST_WORDS_OF_A_NAME = 5

SENTENCE = re.compile(r"[^.!?\n]+(?:\.(?=\w)[^.!?\n]*)*[.!?]*")
NOT_OWN = re.compile(
    r"```.*?```|`[^`\n]*`|^\s*>.*?$|\"[^\"\n]{3,}\"|“[^”]{3,}”|„[^“”\"]{3,}[“”\"]|«[^»]{3,}»", re.DOTALL | re.MULTILINE
)
TASK = re.compile(
    r"\b(?:translate|rewrite|rephrase|proofread|paraphrase|draft|pretend|imagine|suppose|role ?play|story|poem|lyrics|"
    r"example sentence|write (?:me )?(?:a|an|the)|übersetz\w*|formulier\w*|stell dir vor|"
    r"schreib\w* (?:mir |bitte )*ein\w*|traduis\w*|tradui[st]ez|imagine[zs]?|(?:écris|écrivez)(?:-moi)? une?)\b",
    re.IGNORECASE,
)
# Where a sentence goes on about something else. A company may well be called "Marks and Spencer".
TAIL = (
    r"\s*(?:[,;:(]|\s[-–]\s|\b(?:{and_what}|but|because|since|so|which|where|who|when|while|although|last|until|aber|"
    r"weil|wo|seit|mais|car|parce|où|depuis|now|currently|nowadays|these days|at the moment|by the way|btw|please|too|"
    r"again|jetzt|zurzeit|übrigens|bitte|maintenant|actuellement|désormais)\b).*$"
)
TAIL_OF_NAME = re.compile(
    TAIL.format(and_what=r"(?:and|und|et)(?!\s(?-i:[A-ZÄÖÜÉ][a-zäöüé]))|als|comme|as"), re.IGNORECASE | re.DOTALL
)
TAIL_OF_VALUE = re.compile(
    TAIL.format(and_what=r"(?:and|und|et)\s(?:i|my|we|it|ich|mein\w*|wir|je|mon|ma|nous)"), re.IGNORECASE | re.DOTALL
)
NEXT_CLAUSE = re.compile(r",?\s+(?:and|und|et)\s+(?=(?:i|i'm|i've|my|ich|mein\w*|je|mon|ma)\b|j')", re.IGNORECASE)
POINTING = re.compile(
    r"(?:it|that|this|these|those|them|him|her|neither|both|either|not|you|your|to|the (?:first|second|third|last|"
    r"former|latter|other|same|moment|time|latest)|das|dies\w*|jen\w*|es|nicht|ça|cela|ceci|celui|celle|pas|le premier|"
    r"la première)\b",
    re.IGNORECASE,
)
NO_NAME = re.compile(
    r"(?:an?|my|our|your|this|that|one|free|peace|fear|home|nights?|all|hope|later|back|away|upon|in|on|to|out|when|if|ein\w*|mein\w*|une?|mon|"
    r"ma|the (?!netherlands|hague|u[sk]\b|usa|united|philippines|gambia|bahamas|bronx|czech))\b",
    re.IGNORECASE,
)
DAYS = {
    "today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "heute": 0, "morgen": 1, "gestern": -1, "aujourd'hui": 0,
    "demain": 1, "hier": -1,
}  # fmt: skip
RELATIVE_DAY = re.compile(rf"\b(?:{'|'.join(DAYS)})\b(?! \()", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    text: str
    key: str = ""
    value: str = ""
    kind: MemoryKind = MemoryKind.FACT
    importance: int = 3


def candidates_in(message: str, *, said_at: datetime) -> list[Candidate]:
    """What the plain sentences of a person's message say about that person, each with the sentence it stands in."""
    own = NOT_OWN.sub(" ", message.replace("’", "'"))
    if len(own) > LONGEST_MESSAGE or TASK.search(own):
        return []
    found = [candidate for sentence in SENTENCE.findall(own) for candidate in _in_sentence(sentence.strip(), said_at)]
    return list({candidate.text: candidate for candidate in found}.values())


def as_it_stands(text: str, *, said_at: datetime) -> Candidate:
    """A sentence that is to be remembered in these very words."""
    return _candidate(_verbatim(text) or Found(text), text, said_at)


def _in_sentence(sentence: str, said_at: datetime) -> Iterator[Candidate]:
    if len(sentence) > LONGEST_SENTENCE:
        return
    if asked := TO_REMEMBER.match(sentence):
        told = asked["value"].rstrip(" .!?")
        found = _found(told) or _verbatim(told)
        if found:
            yield _candidate(replace(found, importance=max(4, found.importance)), sentence, said_at)
    elif not sentence.endswith("?"):
        clauses = [_found(clause) for clause in NEXT_CLAUSE.split(sentence.rstrip(" .!"))]
        yield from (_candidate(found, sentence, said_at) for found in clauses if found)


def _found(told: str) -> Found | None:
    return next((found for finder in FINDERS if (found := finder(told))), None)


def _candidate(found: Found, sentence: str, said_at: datetime) -> Candidate:
    return Candidate(
        text=_dated(found.text, said_at)[:LONGEST_MEMORY],
        said_at=said_at,
        kind=found.kind,
        key=found.key,
        value=found.value,
        importance=found.importance,
        confidence=0.9,
        quote=sentence,
        extractor=EXTRACTOR,
    )


def _answering(told: str) -> Found | None:
    """How they want to be answered."""
    match = ANSWERING.match(told)
    if not match:
        return None
    words = match["value"].strip()
    about = Found(words[0].upper() + words[1:], kind=MemoryKind.PREFERENCE, importance=4)
    for key, signs in ABOUT_ANSWERS:
        if sign := re.search(rf"\b(?:{signs})\b", words, re.IGNORECASE):
            return replace(about, key=key, value=sign[0].lower())
    return about


def _age(told: str) -> Found | None:
    match = AGE.match(told)
    age = next((group for group in match.groups() if group), "") if match else ""
    return Found(f"Is {age} years old", "age", age) if age else None


def _diet(told: str) -> Found | None:
    match = DIET.match(told)
    return Found(f"Is {match['value'].lower()}", "diet", match["value"].lower(), importance=5) if match else None


def _relation(told: str) -> Found | None:
    match = RELATION.match(told)
    value = _value(match["value"], is_name=True) if match else ""
    if not match or not value:
        return None
    who = match["who"].lower()
    return Found(f"Has a {who} called {value}", "partner" if who in PARTNERS else "", value)


def _favourite(told: str) -> Found | None:
    match = FAVOURITE.match(told)
    value = _value(match["value"]) if match else ""
    return Found(f"Favourite {match['what'].lower()}: {value}", kind=MemoryKind.PREFERENCE) if match and value else None


def _by_rule(told: str) -> Found | None:
    for rule in RULES:
        if (rest := rule.rest_of(told)) and (value := _value(rest, is_name=rule.is_name)):
            return Found(rule.text.format(value), rule.key, value, rule.kind, rule.importance)
    return None


def _verbatim(told: str) -> Found | None:
    """What they asked to have remembered, in their own words."""
    return Found(told[0].upper() + told[1:], importance=4) if len(told) > 3 and not POINTING.fullmatch(told) else None


FINDERS: tuple[Callable[[str], Found | None], ...] = (_answering, _age, _diet, _relation, _favourite, _by_rule)


def _value(given: str, *, is_name: bool = False) -> str:
    """What follows, up to where the sentence goes on about something else; empty if it says nothing by itself."""
    value = (TAIL_OF_NAME if is_name else TAIL_OF_VALUE).sub("", given).strip(" .!?\"'")
    if not value or len(value) > LONGEST_VALUE or POINTING.match(value):
        return ""
    if is_name and (len(value.split()) > MOST_WORDS_OF_A_NAME or NO_NAME.match(value)):
        return ""
    return value.title() if is_name and value.islower() else value


def _dated(text: str, said_at: datetime) -> str:
    """With the date behind "tomorrow", which means nothing any more the day after."""
    return RELATIVE_DAY.sub(lambda day: f"{day[0]} ({said_at + timedelta(days=DAYS[day[0].lower()]):%F})", text)
