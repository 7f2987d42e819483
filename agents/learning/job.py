"""Reads what waits to be read, a passage at a time. Safe to break off anywhere, and to run in many workers.

What was found, what it cost and the place behind it are one transaction: a reader that dies before it has written
nothing, and the same passage is read again.
"""

import logging
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from celery.signals import worker_shutting_down
from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from agents import budgets, faults
from agents.learning import places
from agents.learning.extraction import MOST_ANSWER_TOKENS, SCHEMA, believed, is_said, request_for
from agents.learning.places import Place, PlaceLost
from agents.learning.sources import Passage, passage_at
from agents.learning.telling import tell
from agents.llm import connection
from agents.llm.base import LLMRequest
from agents.llm.connection import Connection, Source
from agents.llm.structured import Structured, answer
from agents.models import StopReason
from agents.spans import Timer
from memory import forget, rules
from memory.remember import Candidate, compared, remember

log = logging.getLogger(__name__)

MOST_PASSAGES = 200  # of one round
PATIENT_ATTEMPTS = 3  # while the LLM cannot be reached; after that the rules read
PAUSE = timedelta(minutes=2)

_rounds = threading.Lock()
_is_stopping = threading.Event()


class PutOff(Exception):
    """Not now: a limit was reached, or the LLM is away. The same passage is read after `until`."""

    def __init__(self, until: datetime, words: str, asked: Structured | None = None) -> None:
        super().__init__(words)
        self.until = until
        self.asked = asked  # an LLM may have said something before it was gone


@dataclass(frozen=True)
class Reader:
    """What read a passage: rules alone, or an LLM that was asked."""

    candidates: list[Candidate]
    timer: Timer
    asked: Structured | None = None
    dropped: int = 0


def learn_waiting() -> int:
    """Read every passage that is due; returns how many. One round a process."""
    if not _rounds.acquire(blocking=False):
        return 0
    try:
        places.notice()
        count = 0
        while count < MOST_PASSAGES and not _is_stopping.is_set() and (place := places.claim()):
            _learn(place)
            count += 1
        return count
    finally:
        _rounds.release()


@transaction.atomic
def forget_conversation(user: User, thread_id: uuid.UUID, *, by: User | None) -> int:
    """Delete all that one conversation gave, and do not learn any more from what was said there until now."""
    places.skip_to_end(thread_id)
    return forget.delete_all(user.pk, by=by, thread_id=thread_id)


def _learn(place: Place) -> None:
    faults.reach("learning_after_claim")
    try:
        _read_on(place)
    except PlaceLost:
        log.info("Another reader has taken over thread %s.", place.thread_id)


def _read_on(place: Place) -> None:
    """Keep what the next passage says. Raises PlaceLost."""
    passage = passage_at(place)
    user = passage.user
    if settings.MEMORY_EXTRACTION == "off" or not passage.sources or user is None:
        _move(place, passage)
        return
    try:
        reader = _read(passage, user, place.attempt)
    except PutOff as delay:
        log.info("Thread %s is read later: %s", place.thread_id, delay)
        with transaction.atomic():
            place.put_off(delay.until)
            _pay(user, delay.asked)
        return
    candidates = compared(_placed(reader.candidates, passage), user_id=user.pk)
    faults.reach("learning_before_commit")
    with transaction.atomic():
        _move(place, passage)
        kept = remember(candidates, user_id=user.pk)
        _pay(user, reader.asked)
        if reader.asked or kept:
            tell(place, passage, user, reader.timer, reader.asked, kept, reader.dropped)
    faults.reach("learning_after_commit")


def _move(place: Place, passage: Passage) -> None:
    place.rest(passage.end) if passage.is_cut_short else place.move(passage.end)


def _placed(candidates: Sequence[Candidate], passage: Passage) -> list[Candidate]:
    return [replace(candidate, thread_id=passage.thread_id) for candidate in candidates]


def _read(passage: Passage, user: User, attempt: int) -> Reader:
    timer = Timer()
    connected = connection.current()
    asked = None
    if settings.MEMORY_EXTRACTION == "llm" and connected.source != Source.DEMO and attempt <= PATIENT_ATTEMPTS:
        asked = _asked(passage, user, connected)
        if asked and asked.is_passing and asked.value is None and attempt < PATIENT_ATTEMPTS:
            raise PutOff(timezone.now() + PAUSE * attempt, asked.trouble, asked)
    if asked and asked.value is not None:
        items = asked.value["memories"]
        found = believed(items, passage.sources)
        timer.stop()
        return Reader(found, timer, asked, len(items) - len(found))
    found = _by_rules(passage)
    timer.stop()
    return Reader(found, timer, asked)


def _by_rules(passage: Passage) -> list[Candidate]:
    return [
        replace(candidate, message_id=source.message_id, run_id=source.run_id)
        for source in passage.sources
        for candidate in rules.candidates_in(source.text, said_at=source.said_at)
        if is_said(candidate.quote, source.text)
    ]


def _asked(passage: Passage, user: User, connected: Connection) -> Structured | None:
    """What an LLM says; None where it may not be asked, because nobody knows what it costs."""
    request = request_for(passage, settings.MEMORY_LLM_MODEL or passage.llm_name or connected.llm_name)
    if settings.USER_DAILY_TOKENS or settings.USER_DAILY_COST:
        try:
            _check_day(request, user)
        except budgets.OverBudget as limit:
            if limit.reason != StopReason.DAILY_LIMIT:
                return None
            raise PutOff(_tomorrow(), limit.words) from None
    if not database.in_atomic_block:
        database.close()  # none is held while an LLM is awaited
    return answer(request, connected, SCHEMA)


@transaction.atomic
def _check_day(request: LLMRequest, user: User) -> None:
    reserved = replace(request, parameters={"max_tokens": MOST_ANSWER_TOKENS})
    need = budgets.need_of(reserved, [request.llm_name], "openai")
    budgets.check_day(user.pk, need)


def _tomorrow() -> datetime:
    return datetime.combine(budgets.today() + timedelta(days=1), time(), UTC)


def _pay(user: User, asked: Structured | None) -> None:
    """What it took stands in the person's ledger."""
    if asked:
        budgets.spend(user.pk, asked.tokens, asked.cost or Decimal())


@worker_shutting_down.connect(weak=False)
def _stop_soon(**_: object) -> None:
    _is_stopping.set()
