"""What the rows say of a thread's runs, as numbered events: a page's first load, a watcher's fresh start."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from agents import decisions, events, interrupts
from agents.channels import Batch
from agents.decisions import Decisions
from agents.models import Approval, Message, Run, RunQuerySet, RunStatus, ToolCall

Row = TypeVar("Row", Message, ToolCall, Approval)


@dataclass(frozen=True)
class Snapshot:
    """A run up to event number `last_seq`; its frames are numbered so that the next live one follows."""

    position: int
    is_finished: bool
    batch: Batch


def of_thread(thread_id: uuid.UUID, *, from_position: int = 0) -> list[Snapshot]:
    """The shown runs of a thread, oldest first."""
    return _snapshots(Run.objects.filter(thread=thread_id, position__gte=from_position))


def of_run(run_id: uuid.UUID | str) -> Snapshot | None:
    return next(iter(_snapshots(Run.objects.filter(pk=run_id))), None)


def _snapshots(chosen: RunQuerySet) -> list[Snapshot]:
    runs = list(chosen.shown().select_related("agent_version__agent").order_by("position"))
    messages = _by_run(Message.objects.filter(run__in=runs).order_by("position"))
    calls = _by_run(ToolCall.objects.filter(run__in=runs).order_by("position"))
    waiting = [run for run in runs if run.status == RunStatus.WAITING]
    pending = _by_run(interrupts.pending_approvals(waiting)) if waiting else {}
    said = decisions.of_runs(runs)
    return [
        of_rows(run, messages.get(run.id, []), calls.get(run.id, []), pending.get(run.id, ()), said) for run in runs
    ]


def of_rows(
    run: Run,
    messages: list[Message],
    calls: list[ToolCall],
    pending: Sequence[Approval] = (),
    said: Decisions | None = None,
) -> Snapshot:
    """What these rows say; nothing is read."""
    told = list(events.replay(run, messages, calls, pending, said or {}))
    numbering = events.Numbering(run.id, run.thread_id, run.epoch)
    first = run.last_seq - len(told) + 1
    # Who has only a part of it cannot go on from there: the live log counts otherwise below this number.
    told[0].metadata = {**(told[0].metadata or {}), "upTo": run.last_seq}
    frames = tuple(events.frame(numbering.stamp(event, seq)) for seq, event in enumerate(told, start=first))
    return Snapshot(run.position, run.is_finished, Batch(str(run.id), run.epoch, first, frames))


def _by_run(rows: Iterable[Row]) -> dict[uuid.UUID, list[Row]]:
    found: dict[uuid.UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(row)
    return found
