"""Reflection, an agent at a time: read how answers went, propose what they teach, write down what it took.

Crash-safe by its rows: what was proposed, which thumbs were read and the end of it are one transaction, so a look that
broke off is begun anew, and the same answers prove a procedure only once.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from agents import faults
from agents.models import Agent, Reflection, ReflectionStatus
from agents.reflecting import asking, reading
from agents.reflecting.asking import Asked
from agents.reflecting.patterns import patterns
from agents.reflecting.personal import impersonal, names_of
from agents.reflecting.reading import Seen
from agents.reflecting.telling import tell
from agents.tools.registry import tools_named
from memory import embeddings
from memory.embeddings import cached
from memory.embeddings.base import EmbeddingError, Vector
from memory.proposals import ProcedureRefused, Proposal, alike, propose

logger = logging.getLogger(__name__)

ABANDONED_AFTER = timedelta(minutes=30)
ENOUGH_THUMBS = 3  # for the nightly job; whoever asks for it at once has one thumb read too
MOST_EMBEDDED = 300


@dataclass
class _Found:
    """What one look brought, before it is written."""

    runs_read: int = 0
    proposals: list[Proposal] = field(default_factory=list)
    rated: list[Seen] = field(default_factory=list)
    asked: Asked | None = None
    note: str = ""


def reflect_on_all() -> None:
    """The nightly look at every agent that answers people."""
    for agent in Agent.objects.filter(is_enabled=True, live__isnull=False).select_related("live"):
        reflect(agent)


def reflect(agent: Agent, *, by: User | None = None) -> Reflection | None:
    """Look at an agent's answers now; None where that is switched off, or somebody is at it already."""
    if settings.REFLECTION == "off":
        return None
    reflection = _begin(agent, by)
    if reflection is None:
        return None
    try:
        return _conclude(reflection, agent, *_look(agent, is_asked_for=by is not None))
    except Exception as error:
        logger.exception("Reflection on %s failed.", agent.slug)
        _end(reflection, ReflectionStatus.FAILED, f"It broke off ({type(error).__name__}); it is tried again tomorrow.")
        raise


def _begin(agent: Agent, by: User | None) -> Reflection | None:
    under_way = Reflection.objects.filter(agent=agent, status=ReflectionStatus.RUNNING)
    is_abandoned = under_way.filter(started_at__lt=timezone.now() - ABANDONED_AFTER)
    is_abandoned.update(status=ReflectionStatus.FAILED, note="It broke off.", finished_at=timezone.now())
    try:
        with transaction.atomic():
            return Reflection.objects.create(agent=agent, by=by)
    except IntegrityError:
        return None


def _look(agent: Agent, *, is_asked_for: bool) -> tuple[_Found, datetime]:
    """Read, compare and ask; nothing is written."""
    seen = reading.answers(agent)
    found = _Found(runs_read=len(seen))
    tools = _tools_of(agent)
    vectors = _vectors([one for one in seen if one.steps][-MOST_EMBEDDED:])
    found.proposals = patterns(seen, agent_id=agent.pk, usable=tools.__contains__, vectors=vectors)
    rated, read_at = reading.rated_since_last(agent, most=asking.MOST_ANSWERS)
    found.note = _why_not_asked(rated, is_asked_for)
    if not found.note:
        cached.give_back_connection()
        found.asked = asking.what_they_teach(agent, rated, tools)
        found.proposals += found.asked.proposals
        found.rated = [] if found.asked.reply.trouble else rated
        found.note = found.asked.reply.trouble
    shown = {one.run_id: one for one in (*seen, *rated)}
    names = names_of(User.objects.filter(pk__in={one.user_id for one in shown.values()}))
    found.proposals = [impersonal(one, seen=shown, names=names) for one in found.proposals]
    return found, read_at


def _why_not_asked(rated: Sequence[Seen], is_asked_for: bool) -> str:
    """Why no LLM is asked this time, in words; empty when one is."""
    if settings.REFLECTION != "llm":
        return "No LLM was asked: REFLECTION is set to look for patterns only."
    if not rated:
        return "No LLM was asked: there are no new thumbs."
    if len(rated) < ENOUGH_THUMBS and not is_asked_for:
        return f"No LLM was asked: {len(rated)} of {ENOUGH_THUMBS} new thumbs are there."
    if not asking.has_llm():
        return "No LLM was asked: none is connected."
    limit = settings.REFLECTION_DAILY_TOKENS
    if limit and tokens_today() >= limit:
        return f"No LLM was asked: today's {limit:,} tokens for this are used."
    return ""


def tokens_today() -> int:
    """What reflection has used since midnight (UTC)."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return int(Reflection.objects.filter(started_at__gte=midnight).aggregate(sum=Sum("tokens"))["sum"] or 0)


def _conclude(reflection: Reflection, agent: Agent, found: _Found, read_at: datetime) -> Reflection:
    """Write all of it at once, unless somebody else has taken over meanwhile."""
    near = [(proposal, alike(proposal)) for proposal in found.proposals]
    with transaction.atomic():
        held = Reflection.objects.select_for_update().get(pk=reflection.pk)
        if held.status != ReflectionStatus.RUNNING:
            return held
        for proposal, same in near:
            _propose(held, proposal, same)
        reading.mark_reflected(found.rated, read_at)
        if found.asked:
            held.tokens, held.cost = found.asked.reply.tokens, found.asked.reply.cost
            held.ratings_read = len(found.rated)
            tell(held, agent, found.asked)
        held.runs_read, held.note = found.runs_read, found.note[:300]
        faults.reach("before_reflection_commit")
        _end(held, ReflectionStatus.DONE, held.note)
    return held


def _propose(reflection: Reflection, proposal: Proposal, same: frozenset[uuid.UUID]) -> None:
    try:
        _, is_new = propose(proposal, same)
    except ProcedureRefused as refused:  # nothing is left of it once the personal is left out
        logger.info("A proposal was dropped: %s", refused)
        return
    reflection.proposed += is_new
    reflection.reinforced += not is_new


def _end(reflection: Reflection, status: ReflectionStatus, note: str) -> None:
    reflection.status, reflection.note, reflection.finished_at = status, note, timezone.now()
    reflection.save()


def _tools_of(agent: Agent) -> set[str]:
    return set(tools_named(agent.live.tools)) if agent.live else set()


def _vectors(seen: list[Seen]) -> dict[uuid.UUID, Vector]:
    """Of the questions, where an embedder works; without one their words decide which are alike."""
    try:
        embedder = embeddings.current() if seen else None
        made = cached.passages(embedder, [one.question for one in seen]) if embedder else []
    except EmbeddingError as error:
        logger.warning("Questions are compared by their words only: %s", error)
        return {}
    return {one.run_id: vector for one, vector in zip(seen, made, strict=False)}
