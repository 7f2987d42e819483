"""Answers to interrupts, as AG-UI's `resume` brings them: decisions on approvals, words on unknown outcomes."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from ag_ui.core import ResumeEntry
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from ninja.errors import HttpError

from accounts.models import User
from agents import approvals, settlements
from agents.models import OPEN_APPROVALS, Approval, CallStatus, Decision, Run, Settlement, Thread, ToolCall, Verdict
from chat import team

NOT_OPEN = "There is no such interrupt in this thread."


@transaction.atomic
def resume(*, thread: Thread | None, user: User, entries: Sequence[ResumeEntry]) -> tuple[Run, datetime]:
    """Give all these answers, or none; the run that goes on, and until when its client has followed it.

    Raises Refused or HttpError in words.
    """
    asked = [(entry, _interrupt(thread, user, entry.interrupt_id)) for entry in entries]
    if len({one.run.root_id or one.run_id for _, one in asked}) != 1:
        raise HttpError(422, "The interrupts must be of one run and the tasks below it.")
    asks = asked[0][1].run
    run = Run.objects.select_related("thread").get(pk=asks.root_id or asks.pk)
    _check_complete(run, user, {one.pk for _, one in asked})
    since = _first_answer([one for _, one in asked], user) or timezone.now()
    for entry, one in asked:
        if isinstance(one, Approval):
            _decide(one, user, entry)
        else:
            _settle(one, user, entry)
    return run, since


def _interrupt(thread: Thread | None, user: User, interrupt_id: str) -> Approval | ToolCall:
    try:
        pk = uuid.UUID(interrupt_id)
    except ValueError:
        raise HttpError(404, NOT_OPEN) from None
    here = Q(run__thread=thread) | Q(run__root__thread=thread)
    found = (
        Approval.objects.visible_to(user).select_related("run").filter(here, pk=pk).first()
        or ToolCall.objects.select_related("run").filter(here, pk=pk).first()
    )
    if thread is None or found is None:
        raise HttpError(404, NOT_OPEN)
    return found


def _check_complete(run: Run, user: User, answered: set[uuid.UUID]) -> None:
    """All that is this person's to answer, in the run and below, is answered at once; what others are asked stays."""
    at_rest = [one.pk for one in team.standing(run.pk).runs]
    open_ones = set(Approval.objects.decidable_by(user).filter(run__in=at_rest).values_list("pk", flat=True))
    if user.is_staff:
        unknown = ToolCall.objects.filter(run__in=at_rest, status=CallStatus.OUTCOME_UNKNOWN)
        open_ones |= set(unknown.values_list("pk", flat=True))
    if missing := open_ones - answered:
        raise HttpError(422, f"Answer all open interrupts at once; missing: {', '.join(map(str, sorted(missing)))}.")


def _first_answer(interrupts: list[Approval | ToolCall], user: User) -> datetime | None:
    """When the first of them was over or had this person's word, if that is past: the run may have gone on since."""
    asked = [one for one in interrupts if isinstance(one, Approval)]
    settled = Settlement.objects.filter(call__in=[one for one in interrupts if isinstance(one, ToolCall)])
    moments = [
        *(one.closed_at for one in asked if one.closed_at),
        *Decision.objects.filter(approval__in=asked, by=user).values_list("created_at", flat=True),
        *settled.values_list("created_at", flat=True),
    ]
    return min(moments, default=None)


def _decide(approval: Approval, user: User, entry: ResumeEntry) -> None:
    if entry.status == "cancelled" and approval.status not in OPEN_APPROVALS:
        return  # AG-UI's way past an interrupt that has expired
    said = _payload(entry)
    is_approved = said.get("approved", False if entry.status == "cancelled" else None)
    if not isinstance(is_approved, bool):
        raise HttpError(422, "An approval is answered by a payload with approved: true or false.")
    approvals.decide(
        approval_id=approval.pk,
        by=user,
        verdict=Verdict.APPROVE if is_approved else Verdict.DENY,
        arguments=_arguments(said.get("arguments")) if is_approved else None,
        comment=_comment(said),
    )


def _settle(call: ToolCall, user: User, entry: ResumeEntry) -> None:
    said = _payload(entry)
    word = said.get("word", Settlement.Word.GIVE_UP if entry.status == "cancelled" else None)
    if word not in Settlement.Word.values:
        raise HttpError(422, f"An unknown outcome is answered by a payload with word: {', '.join(Settlement.Word)}.")
    settlements.settle(call_id=call.pk, by=user, word=Settlement.Word(word), comment=_comment(said))


def _payload(entry: ResumeEntry) -> dict[str, Any]:
    if entry.payload is None or entry.status == "cancelled":
        return {}
    if not isinstance(entry.payload, dict):
        raise HttpError(422, "The payload of an answer must be a JSON object.")
    return entry.payload


def _arguments(edited: object) -> str | None:
    """Other arguments, as JSON text or as an object."""
    return edited if edited is None or isinstance(edited, str) else orjson.dumps(edited).decode()


def _comment(said: dict[str, Any]) -> str:
    comment = said.get("comment", "")
    if not isinstance(comment, str):
        raise HttpError(422, "A comment must be text.")
    return comment
