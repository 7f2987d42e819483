"""Finds what worked again and again, without an LLM: the same tools in the same order for questions like each other."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from agents.reflecting.reading import Seen, Step
from memory.models import ProcedureOrigin
from memory.proposals import Evidence, Proposal, signature_of
from memory.sameness import EMPTY, cosine, overlap

AGAIN_AND_AGAIN = 3  # answers
BAD_ONES = 3  # so many good ones for each bad one
SHARED_WORDS = 0.25
NEAR = 0.88  # of the cosine of two questions
COMMON = 0.5  # of the questions, that must hold a word for it to name their kind
LEAST_WORDS, MOST_WORDS = 2, 6
MOST_EVIDENCE = 50

# They ask, and say nothing about what is asked for.
ASKING = frozenset(
    "about after all also any are ask asked because before between both but can could did does doing done each else "
    "ever every find first for from gave get give given got had has have hello help here hey him how i if into its "
    "just know last let like made make many may maybe mean might more most much must need new next not now off one "
    "only other our out over own please same say says see shall should show since some such take tell thank thanks "
    "than that the their them then there these they this those through too two under until upon very want was way "
    "well were what when where which while who whom whose why will with within without would yes yet you your bitte "
    "danke oder und wie viel viele was wer wann warum welche welcher kann kannst könnte mir mich dir dich ich wir "
    "sie ihr".split()
)
WORD = re.compile(r"[^\W\d_]{3,}")


def patterns(
    seen: Sequence[Seen], *, agent_id: int, usable: Callable[[str], bool], vectors: Mapping[UUID, Sequence[float]]
) -> list[Proposal]:
    """A proposal for each kind of question that was answered well in one way often enough.

    `usable` says whether the agent still has a tool. Without `vectors` of the questions, their words tell which are
    alike.
    """
    by_steps: defaultdict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        tools = [step.tool for step in one.steps]
        if tools and one.is_good is not None and all(usable(tool) for tool in tools):
            by_steps[signature_of(tools)].append(one)
    groups = [group for steps in by_steps.values() for group in _alike(steps, vectors)]
    found = [_proposal(group, agent_id) for group in groups if _is_pattern(group)]
    return [one for one in found if one]


def _alike(seen: list[Seen], vectors: Mapping[UUID, Sequence[float]]) -> list[list[Seen]]:
    """Those that belong together: each is like at least one of its group."""
    groups: list[list[Seen]] = []
    for one in seen:
        near = [group for group in groups if any(_is_alike(one, other, vectors) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(member for group in near for member in group), one])
    return groups


def _is_alike(one: Seen, other: Seen, vectors: Mapping[UUID, Sequence[float]]) -> bool:
    if overlap(one.question, other.question) >= SHARED_WORDS:
        return True
    mine, theirs = vectors.get(one.run_id), vectors.get(other.run_id)
    return mine is not None and theirs is not None and cosine(mine, theirs) >= NEAR


def _is_pattern(group: list[Seen]) -> bool:
    """A single call is no way of doing something, unless people have said that it was right."""
    is_way = len(group[0].steps) > 1
    good = [one for one in group if one.is_good and (is_way or one.is_rated)]
    bad = [one for one in group if not one.is_good]
    return len(good) >= AGAIN_AND_AGAIN and len(bad) * BAD_ONES <= len(good)


def _proposal(group: list[Seen], agent_id: int) -> Proposal | None:
    """None where the questions have too few words in common to say of which kind they are."""
    words = _common_words(group)
    if len(words) < LEAST_WORDS:
        return None
    tools = signature_of([step.tool for step in group[0].steps]).split(" > ")
    good = [one for one in group if one.is_good]
    latest = group[-MOST_EVIDENCE:]
    return Proposal(
        agent_id=agent_id,
        trigger=f"requests about {', '.join(words)}",
        body=f"Use {', then '.join(tools)}, then answer.",
        steps=tuple((tool, _purpose(tool, good)) for tool in tools),
        origin=ProcedureOrigin.PATTERN,
        evidence=tuple(
            Evidence(one.run_id, one.user_id, speaks_for=bool(one.is_good), is_rated=one.is_rated) for one in latest
        ),
    )


def _common_words(group: list[Seen]) -> list[str]:
    """What most of the good questions hold (and more than one person says, if several ask), in the order it is said."""
    good = [one for one in group if one.is_good]
    asked_by = {one.user_id for one in good}
    questions: Counter[str] = Counter()
    said_by: defaultdict[str, set[int]] = defaultdict(set)
    for one in good:
        for stem in {_stem(word) for word in _telling(one.question)}:
            questions[stem] += 1
            said_by[stem].add(one.user_id)
    least = max(2.0, COMMON * len(good))
    common = {
        stem for stem, count in questions.items() if count >= least and len(said_by[stem]) >= min(2, len(asked_by))
    }
    fullest = max(good, key=lambda one: len({_stem(word) for word in _telling(one.question)} & common))
    in_order = {_stem(word): word for word in reversed(_telling(fullest.question)) if _stem(word) in common}
    return list(in_order.values())[::-1][:MOST_WORDS]


def _telling(question: str) -> list[str]:
    return [word for found in WORD.findall(question) if (word := found.casefold()) not in ASKING | EMPTY]


def _stem(word: str) -> str:
    return re.sub(r"(?:ing|ed|es|s|e|en)$", "", word) if len(word) > 4 else word


def _purpose(tool: str, group: list[Seen]) -> str:
    """The names of the arguments it is always given."""
    calls: list[Step] = [step for one in group for step in one.steps if step.tool == tool]
    always = [name for name in calls[0].arguments if all(name in call.arguments for call in calls)]
    return f"with {', '.join(always[:4])}" if always else ""
