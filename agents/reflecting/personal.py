"""Takes out of a proposal what belongs to one person: a procedure is read by others, and by an LLM in their answers."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from accounts.models import User
from agents.reflecting.reading import Seen
from memory.proposals import Proposal

LEFT_OUT = "…"
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
NUMBER = re.compile(r"(?<!\w)\+?\d(?:[\d .,/()-]*\d)?")
LONGEST_NUMBER = 3  # digits; a longer one may be somebody's
CAPITALISED = re.compile(r"(?<![.!?:\n] )(?<!^)\b[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’-]{2,}\b")
SHORTEST_NAME = 3


def names_of(people: Iterable[User]) -> set[str]:
    """What these people are called, and the beginnings of their addresses."""
    said = [part for one in people for part in (one.name, one.email.partition("@")[0])]
    return {word.casefold() for part in said for word in re.split(r"[\W_\d]+", part) if len(word) >= SHORTEST_NAME}


def impersonal(proposal: Proposal, *, seen: Mapping[UUID, Seen], names: set[str]) -> Proposal:
    """The proposal without addresses, links, longer numbers, people's names, and what only one person calls by name."""
    own = _only_one_says(proposal, seen) if proposal.only_person is None else set()
    barred = names | own

    def clean(text: str) -> str:
        for form in (EMAIL, LINK):
            text = form.sub(LEFT_OUT, text)
        text = NUMBER.sub(lambda found: LEFT_OUT if _digits(found[0]) > LONGEST_NUMBER else found[0], text)
        return re.sub(r"[^\W\d_]+", lambda found: LEFT_OUT if found[0].casefold() in barred else found[0], text)

    return replace(
        proposal,
        trigger=clean(proposal.trigger),
        body=clean(proposal.body),
        steps=tuple((tool, clean(purpose)) for tool, purpose in proposal.steps),
    )


def _only_one_says(proposal: Proposal, seen: Mapping[UUID, Seen]) -> set[str]:
    """Words with a capital letter in the midst of sentences that only one of the people behind it used."""
    said_by: defaultdict[str, set[int]] = defaultdict(set)
    for one in proposal.evidence:
        if shown := seen.get(one.run_id):
            for text in (shown.question, *shown.comments):
                for word in CAPITALISED.findall(text):
                    said_by[word.casefold()].add(shown.user_id)
    return {word for word, people in said_by.items() if len(people) == 1}


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)
