"""What the rows say of a thread's runs, as numbered events: a page's first load, a watcher's fresh start."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Q

from agents import decisions, events, interrupts
from agents.attachments import fetch_files
from agents.channels import Batch
from agents.decisions import Decisions, Handoffs
from agents.models import Approval, Compaction, Message, Run, RunQuerySet, RunStatus, ToolCall
from memory import procedures
from memory.procedures import Fitting
from memory.recall import Recalled
from memory.uses import uses_of

Row = TypeVar("Row", Message, ToolCall, Approval, Compaction)


@dataclass(frozen=True)
class Snapshot:
    """A run up to event number `last_seq`; its frames are numbered so that the next live one follows."""

    position: int
    is_finished: bool
    batch: Batch


def of_thread(thread_id: uuid.UUID, *, from_position: int = 0) -> list[Snapshot]:
    """The shown runs of a thread, oldest first."""
    own = Q(thread=thread_id, position__gte=from_position)
    given = Q(root__thread=thread_id, root__position__gte=from_position, root__replacement__isnull=True)
    return _snapshots(Run.objects.filter(own | given))


def of_run(run_id: uuid.UUID | str) -> Snapshot | None:
    return next(iter(_snapshots(Run.objects.filter(pk=run_id))), None)


def _snapshots(chosen: RunQuerySet) -> list[Snapshot]:
    related = ("agent_version__agent", "root", "parent_call")
    runs = sorted(chosen.shown().select_related(*related), key=lambda run: (_position(run), run.depth, run.id))
    messages = _by_run(fetch_files(Message.objects.filter(run__in=runs).order_by("position")))
    calls = _by_run(ToolCall.objects.filter(run__in=runs).order_by("position"))
    waiting = [run for run in runs if run.status == RunStatus.WAITING]
    pending = _by_run(interrupts.pending_approvals(waiting)) if waiting else {}
    said, handoffs = decisions.of_runs(runs), decisions.handoffs_of(calls.values())
    used, told = uses_of(run.id for run in runs), procedures.uses_of(run.id for run in runs)
    compactions = _by_run(Compaction.objects.filter(run__in=runs).order_by("created_at"))
    return [
        of_rows(
            run,
            messages.get(run.id, []),
            calls.get(run.id, []),
            pending.get(run.id, ()),
            said,
            handoffs,
            [*used.get(run.id, ()), *told.get(run.id, ())],
            compactions.get(run.id, ()),
        )
        for run in runs
    ]


def of_rows(
    run: Run,
    messages: list[Message],
    calls: list[ToolCall],
    pending: Sequence[Approval] = (),
    said: Decisions | None = None,
    handoffs: Handoffs | None = None,
    used: Sequence[Recalled | Fitting] = (),
    compactions: Sequence[Compaction] = (),
) -> Snapshot:
    """What these rows say; nothing is read."""
    told = list(events.replay(run, messages, calls, pending, said or {}, handoffs or {}, used, compactions))
    numbering = events.Numbering(run.id, run.shown_in, run.epoch)
    first = run.last_seq - len(told) + 1
    # Who has only a part of it cannot go on from there: the live log counts otherwise below this number.
    told[0].metadata = {**(told[0].metadata or {}), "upTo": run.last_seq}
    frames = tuple(events.frame(numbering.stamp(event, seq)) for seq, event in enumerate(told, start=first))
    return Snapshot(_position(run), run.is_finished, Batch(str(run.id), run.epoch, first, frames))


def _position(run: Run) -> int:
    """Where it stands in the thread it is shown in: a child agent's run beside its root."""
    return run.root.position if run.root else run.position


def _by_run(rows: Iterable[Row]) -> dict[uuid.UUID, list[Row]]:
    found: dict[uuid.UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(row)
    return found
