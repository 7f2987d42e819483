"""Whether two sentences say the same: by their words exactly, or nearly by words and meaning."""

import hashlib
import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

NEAR = 0.92  # of the cosine of their vectors
SHARED = 0.6  # of their words
SHARED_WITHOUT_VECTORS = 0.9

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
NUMBERS = {
    name: str(value)
    for names in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    )
    for value, name in enumerate(names.split())
    if name not in {"un", "null", "elf"}
}
DATES = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday januar februar märz mai juni juli oktober dezember montag dienstag mittwoch "
    "donnerstag freitag samstag sonntag janvier février mars avril juin juillet août septembre octobre novembre "
    "décembre lundi mardi mercredi jeudi vendredi samedi dimanche morning noon afternoon evening night spring summer "
    "autumn winter".split()
)
# Words that turn a sentence round. Each group counts as one.
TURNS = {
    word: group
    for group, words in {
        "not": "not no never none without cannot nicht nie niemals kein keine keinen keinem ohne pas jamais sans",
        "ended": "stopped quit former formerly ex used gave retired früher ehemalige",
        "dislike": "dislike dislikes hate hates avoid avoids refuse refuses hasse hasst déteste",
        "like": "like likes love loves enjoy enjoys mag liebe liebt aime adore",
        "more": "more longer bigger before older", "less": "less shorter smaller after younger",
    }.items()
    for word in words.split()
}  # fmt: skip
EMPTY = frozenset(
    "a an the is are was were be been am i my me mine he she it they his her their its user person to of in on at "
    "for called named with and or as by from that this has have had do does did ein eine einen der die das ist "
    "sind bin ich mein meine und oder zu im in am von mit namens heißt le la les un une est suis je mon ma mes et "
    "ou de du des à au".split()
)
DIRECTED = re.compile(
    r"\b(?:over|than|from|instead|rather|before|after|als|statt|vor|nach|von|depuis|que)\b", re.IGNORECASE
)
ENDINGS = re.compile(r"(?:'s|ing|ed|es|s|e|en|er)$")


def hash_of(text: str, *, valid_from: datetime | None = None, valid_to: datetime | None = None) -> str:
    """The same for equal sentences about equal times; one that no longer holds is not the one that does."""
    period = f"\n{valid_from:%F} {valid_to:%F}" if valid_to and valid_from else ""
    return hashlib.sha256((_bare(text) + period).encode()).hexdigest()


def is_near(one: str, other: str, vectors: tuple[Sequence[float], Sequence[float]] | None) -> bool:
    """Whether both say the same in other words. A changed number, date, name or a "not" makes another sentence."""
    if marks_of(one) != marks_of(other) or not _are_in_order(one, other):
        return False
    if vectors is None:
        return overlap(one, other) >= SHARED_WITHOUT_VECTORS
    return overlap(one, other) >= SHARED and cosine(*vectors) >= NEAR


def overlap(one: str, other: str) -> float:
    """The share of telling words that two sentences have in common."""
    mine, others = _stems(one), _stems(other)
    return len(mine & others) / len(mine | others) if mine | others else 0.0


def share_of(words: str, text: str) -> float:
    """How much of what some words name is in a text."""
    named = _stems(words)
    return len(named & _stems(text)) / len(named) if named else 0.0


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = math.sqrt(sum(x * x for x in one) * sum(y * y for y in other))
    return sum(x * y for x, y in zip(one, other, strict=True)) / lengths if lengths else 0.0


def marks_of(text: str) -> frozenset[str]:
    """What must be equal: numbers, dates, names in the middle of a sentence, and words that turn it round."""
    words = WORD.findall(text)
    marks = set(re.findall(r"\d+(?:[.,:/-]\d+)*", text))
    for at, word in enumerate(words):
        lowered = word.casefold()
        if lowered in NUMBERS:
            marks.add(NUMBERS[lowered])
        elif lowered in DATES:
            marks.add(lowered)
        elif lowered in TURNS or lowered.endswith(("n't", "n’t")):
            marks.add(TURNS.get(lowered, "not"))
        elif at and word[0].isupper() and lowered not in EMPTY:
            marks.add(lowered.removesuffix("'s").removesuffix("’s"))
    return frozenset(marks)


def _are_in_order(one: str, other: str) -> bool:
    """Tea over coffee is not coffee over tea: with such a word between them, what is shared comes in one order."""
    if not (DIRECTED.search(one) or DIRECTED.search(other)):
        return True
    mine, others = _telling(one), _telling(other)
    return [word for word in mine if word in others] == [word for word in others if word in mine]


def _stems(text: str) -> set[str]:
    return set(_telling(text))


def _telling(text: str) -> list[str]:
    """The words that say something, in their order and without their endings. What turns a sentence round is a mark."""
    words = [word.casefold().replace("’", "'") for word in WORD.findall(text)]
    kept = [NUMBERS.get(word, word) for word in words if word not in EMPTY and word not in TURNS and "n't" not in word]
    return [ENDINGS.sub("", word) if len(word) > 4 else word for word in kept]


def _bare(text: str) -> str:
    words = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return re.sub(r"\s+", " ", words).strip(" .!?\"'“”")
