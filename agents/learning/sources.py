"""What is to be read in a thread: the person's own words, and what was answered, as context alone."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from agents.learning.places import Place
from agents.models import Agent, Message, Role, Run
from agents.recalling import may_learn

MOST_RUNS = 20
MOST_CHARACTERS = 24_000
LONGEST_MESSAGE = 6_000
RUNS_BEFORE = 2


@dataclass(frozen=True)
class Source:
    """One message of a person, the only thing a memory is ever made of."""

    message_id: uuid.UUID
    run_id: uuid.UUID
    text: str
    said_at: datetime


@dataclass(frozen=True)
class Line:
    """One line of the conversation, in order; `source` where it is to be read and not just context."""

    speaker: str
    text: str
    source: Source | None = None


@dataclass(frozen=True)
class Passage:
    """What is read at one time: the lines, whose words they are, and the place behind it."""

    thread_id: uuid.UUID
    end: int
    is_cut_short: bool  # a run that has not ended is in the way
    user: User | None = None
    agent: Agent | None = None
    llm_name: str = ""
    lines: tuple[Line, ...] = ()

    @property
    def sources(self) -> list[Source]:
        return [line.source for line in self.lines if line.source]


def passage_at(place: Place) -> Passage:
    """The next piece of a thread: whole runs, as many as fit."""
    related = ("thread", "user", "agent_version__agent", "firing", "replaces")
    runs = Run.objects.filter(thread=place.thread_id).select_related(*related).order_by("position")
    ahead = list(runs.filter(position__gte=place.position)[:MOST_RUNS])
    ended = _ended(ahead)
    taken, size = list[Run](), 0
    for run in ended:
        size += sum(len(message.text[:LONGEST_MESSAGE]) for message in _said_by_person(run))
        if taken and size > MOST_CHARACTERS:
            break
        taken.append(run)
    end = taken[-1].position + 1 if taken else place.position
    is_cut_short = len(taken) == len(ended) < len(ahead)
    to_read = [run for run in taken if may_learn(run) and _is_first_time(run, place.position)]
    if not to_read:
        return Passage(place.thread_id, end, is_cut_short)
    before = runs.shown().filter(position__lt=place.position).order_by("-position")[:RUNS_BEFORE]
    lines = [line for run in reversed(list(before)) for line in _lines(run, is_read=False)]
    lines += [line for run in to_read for line in _lines(run, is_read=True)]
    last = to_read[-1]
    version = last.agent_version
    return Passage(place.thread_id, end, is_cut_short, last.user, version.agent, version.llm_name, tuple(lines))


def _ended(runs: list[Run]) -> list[Run]:
    """Up to the first that is still at work: runs of a thread end in their order."""
    for at, run in enumerate(runs):
        if not run.is_finished:
            return runs[:at]
    return runs


def _is_first_time(run: Run, position: int) -> bool:
    """Not a run that another has replaced, nor one that asks again what was read already."""
    if Run.objects.filter(replaces=run).exists():
        return False
    earlier = run.replaces
    while earlier is not None:
        if earlier.position < position:
            return False
        earlier = earlier.replaces
    return True


def _lines(run: Run, *, is_read: bool) -> list[Line]:
    found = [
        Line("person", message.text[:LONGEST_MESSAGE], _source(message) if is_read else None)
        for message in _said_by_person(run)
    ]
    answers = run.messages.filter(role=Role.ASSISTANT, is_interrupted=False, is_superseded=False)
    answer = answers.exclude(text="").order_by("position").last()
    return [*found, Line("assistant", answer.text)] if answer else found


def _said_by_person(run: Run) -> list[Message]:
    return list(run.messages.filter(role=Role.USER).order_by("position"))


def _source(message: Message) -> Source:
    return Source(message.pk, message.run_id, message.text[:LONGEST_MESSAGE], message.created_at)
