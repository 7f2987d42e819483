"""What a person asks to have remembered or forgotten, done at once: what the tools `remember` and `forget` do."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from accounts.models import User
from agents.models import Message, Role, Run
from agents.recalling import may_learn, was_triggered
from memory import forget, rules, sameness
from memory.keys import same_value
from memory.models import Memory, MemoryEvent, MemoryKind, MemoryOperation, MemoryOrigin
from memory.pausing import consent_of
from memory.remember import Candidate, Kept, Outcome, remember

PAGE = "the page “What Plumbline knows about you” (/memory/)"
LONGEST_QUOTE = 500
ENOUGH = 0.5  # of the words by which something to be forgotten is described
MOST_ASKED_BACK = 6
EVERYTHING = frozenset(
    {"everything", "all", "it all", "everything about me", "all about me", "all memories", "alles", "tout"}
)
REASON = "asked for in a conversation"


class NotDone(Exception):
    """It was not done; the message says why, for the LLM to pass on."""


@dataclass(frozen=True)
class Forgotten:
    """What was put away, or, where several fit, what could be meant."""

    memory: Memory | None = None
    could_be: tuple[Memory, ...] = ()


def keep(run_id: uuid.UUID, *, text: str, kind: MemoryKind, key: str = "", value: str = "") -> list[Kept]:
    """Remember what a person asked for. Done twice by the same run it is done once. Raises NotDone."""
    run, user = _run_of_person(run_id)
    question = run.messages.filter(role=Role.USER).order_by("position").first()
    assert question
    stated = replace(rules.as_it_stands(text, said_at=question.created_at), kind=kind, key=key, value=value)
    found = rules.candidates_in(text, said_at=question.created_at) or [stated]
    kept = remember([_asked_for(candidate, run, question) for candidate in found], user_id=user.pk)
    if refused := next((one.reason for one in kept if one.outcome == Outcome.REFUSED), ""):
        raise NotDone(refused)
    return kept


def put_away(run_id: uuid.UUID, *, what: str, agent_id: int | None) -> Forgotten:
    """Forget the one thing of this person that fits. Raises NotDone."""
    run, user = _run_of_person(run_id)
    if " ".join(what.casefold().split()).strip(" .!") in EVERYTHING:
        raise NotDone(f"Everything at once is forgotten by the person alone, on {PAGE}.")
    known = list(Memory.objects.of(user.pk, agent_id=agent_id).current())
    fitting = _exactly(what, known) or _described(what, known)
    if not fitting:
        if before := _done_before(what, run, user):
            return Forgotten(before)
        raise NotDone("Nothing that is known about the person fits that.")
    if len(fitting) > 1:
        return Forgotten(could_be=tuple(fitting[:MOST_ASKED_BACK]))
    return Forgotten(forget.archive(fitting[0], by=user, reason=REASON, run_id=run.pk))


def _run_of_person(run_id: uuid.UUID) -> tuple[Run, User]:
    run = Run.objects.select_related("thread", "agent_version", "user", "firing").get(pk=run_id)
    if run.user is None or run.root_id is not None or was_triggered(run):
        raise NotDone("No person is speaking here, so there is nobody whose memory this could be.")
    if run.thread.is_temporary:
        raise NotDone("This conversation is temporary: nothing said here is remembered, and nothing is forgotten.")
    if not may_learn(run):
        raise NotDone("This agent is set up not to remember what people say to it.")
    if consent_of(run.user.pk).is_paused:
        raise NotDone(f"The person has paused their memory. They can resume it on {PAGE}.")
    return run, run.user


def _asked_for(candidate: Candidate, run: Run, question: Message) -> Candidate:
    return replace(
        candidate,
        origin=MemoryOrigin.ASKED,
        importance=max(4, candidate.importance),
        thread_id=run.thread_id,
        run_id=run.pk,
        message_id=question.pk,
        quote=question.text[:LONGEST_QUOTE],
        extractor="",
    )


def _exactly(what: str, known: Sequence[Memory]) -> list[Memory]:
    """Those of these words, else those of what the words say: "I live in Rome" is where they live."""
    digest = sameness.hash_of(what)
    if same := [memory for memory in known if sameness.hash_of(memory.text) == digest]:
        return same[:1]
    said = [one for one in rules.candidates_in(what, said_at=known[0].created_at) if one.key] if known else []
    return [
        memory for memory in known if any(one.key == memory.key and same_value(one.value, memory.value) for one in said)
    ]


def _described(what: str, known: Sequence[Memory]) -> list[Memory]:
    """Those that hold most of these words, if they hold enough of them."""
    scores = [(sameness.share_of(what, f"{memory.text} {memory.key.replace('_', ' ')}"), memory) for memory in known]
    best = max((score for score, _ in scores), default=0.0)
    return [memory for score, memory in scores if score == best and score >= ENOUGH]


def _done_before(what: str, run: Run, user: User) -> Memory | None:
    """What this very run has put away already: its worker died before it could say so."""
    done = MemoryEvent.objects.filter(user=user, run_id=run.pk, operation=MemoryOperation.ARCHIVED, reason=REASON)
    memories = list(Memory.objects.of(user.pk).filter(pk__in=done.values("memory_id")))
    return next(iter(_exactly(what, memories) or _described(what, memories)), None)
