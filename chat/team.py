"""A run and the tasks below it as one thing: how they stand together, and what an AG-UI client is told of them."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ag_ui.core import Interrupt
from django.db.models import Q

from agents import interrupts, snapshots
from agents.database import in_database
from agents.follow import Have
from agents.models import AWAITED_CALLS, CallStatus, Run, RunStatus, ToolCall, WaitKind
from chat import following
from chat.agui import Telling
from chat.following import FROM_THE_START, QUIET_SECONDS, Cursor, Told
from chat.voice import Event

ASKED_SECONDS = 2.0  # a run that comes to wait for its tasks says nothing: where people are asked, we look

Said = tuple[Event, Cursor]


@dataclass(frozen=True)
class Standing:
    """How a run and the tasks its end depends on stand. `runs` are those that have not ended, parents first."""

    runs: tuple[Run, ...]
    interrupts: tuple[Interrupt, ...]
    is_at_work: bool

    @property
    def waits_for_people(self) -> bool:
        return bool(self.interrupts) and not self.is_at_work


def standing(root_id: UUID) -> Standing:
    """As the rows say it now."""
    team = Run.objects.filter(Q(pk=root_id) | Q(root=root_id)).select_related("parent_call", "root")
    tasks_of: dict[UUID | None, list[Run]] = {}
    for run in sorted(team, key=lambda run: (run.depth, run.id)):
        tasks_of.setdefault(run.parent_id, []).append(run)
    runs, tasks = [run for run in tasks_of.get(None, ()) if not run.is_finished], []
    for run in runs:  # grows while it is read: what an ended parent left behind counts no more
        given = [task for task in tasks_of.get(run.id, ()) if task.parent_call.status == CallStatus.DELEGATED]
        runs += [task for task in given if not task.is_finished]
        tasks += given
    is_at_work = any(map(_is_at_work, runs)) or any(task.is_finished for task in tasks)
    return Standing(tuple(runs), tuple(_interrupts(runs)), is_at_work)


def _is_at_work(run: Run) -> bool:
    return run.status != RunStatus.WAITING or run.wait_kind == WaitKind.TIMER


def _interrupts(runs: list[Run]) -> list[Interrupt]:
    """Each with the task that asks, unless it is the root."""
    waiting = [run for run in runs if run.status == RunStatus.WAITING]
    if not waiting:
        return []
    calls = ToolCall.objects.filter(run__in=waiting, status__in=AWAITED_CALLS)
    asking = list(calls.order_by("run__depth", "run_id", "message__position", "position"))
    below = {str(call.id): str(call.run_id) for call in asking if call.run_id != runs[0].id}
    found = interrupts.of_rows(asking, interrupts.pending_approvals(waiting))
    return [one.model_copy(update={"subagent_run_id": below.get(one.tool_call_id or "")}) for one in found]


async def events(root: Run, telling: Telling, have: Have | None) -> AsyncGenerator[list[Said]]:
    """What a client is told until the run ends or all who work on it wait for people; empty after a quiet while."""
    start = have or Have(str(root.id), 0, FROM_THE_START)
    is_somebody_asked = False

    def patience() -> float:
        return ASKED_SECONDS if is_somebody_asked else QUIET_SECONDS

    async with aclosing(following.batches(root.thread_id, start, patience)) as coming:
        async for batch in coming:
            told = list(following.told(batch))
            said = [one async for one in _told(told, telling)]
            if not telling.has_ended and (not told or any(map(_may_pause, told))):
                now = await in_database(standing, root.id)
                is_somebody_asked = bool(now.interrupts)
                if now.waits_for_people:
                    said += [one async for one in _pause(now, telling)]
            if said or not batch:
                yield said
            if telling.has_ended or (not batch and not await in_database(following.is_there, str(root.id))):
                return


async def _told(events_of_run: list[Told], telling: Telling) -> AsyncIterator[Said]:
    """A task that was given stands before its result, also where its own events come later."""
    unknown = [one.event["toolCallId"] for one in events_of_run if one.event["type"] == "TOOL_CALL_RESULT"]
    unknown = [call_id for call_id in unknown if not telling.knows_result(call_id)]
    tasks = await in_database(_tasks_of, unknown) if unknown else {}
    for one in events_of_run:
        task = tasks.get(one.event.get("toolCallId", "")) if one.event["type"] == "TOOL_CALL_RESULT" else None
        if task is not None:
            async for said in _told(await _rows_of(task), telling):
                yield said
        for event in telling.take(one.event):
            yield event, _place(one.cursor, telling)


async def _pause(now: Standing, telling: Telling) -> AsyncIterator[Said]:
    """All that is to be known, whatever was missed before, and then the end."""
    told = [await _rows_of(run.id) for run in now.runs]
    for one in told:
        async for said in _told(one, telling):
            yield said
    if telling.has_ended:  # somebody answered while we read
        return
    last = told[0][-1]
    for event in telling.pause(last.event, now.interrupts):
        yield event, _place(last.cursor, telling)


async def _rows_of(run_id: UUID) -> list[Told]:
    snapshot = await in_database(snapshots.of_run, run_id)
    return list(following.told(snapshot.batch.frames)) if snapshot else []


def _tasks_of(call_ids: list[str]) -> dict[str, UUID]:
    """By the call that gave them."""
    given = ToolCall.objects.filter(pk__in=call_ids, child__isnull=False)
    return {str(pk): child_id for pk, child_id in given.values_list("pk", "child_id") if child_id}


def _place(cursor: Cursor, telling: Telling) -> Cursor:
    """Where a client goes on after a loss: with tasks, which have places of their own, it begins again."""
    return cursor if telling.is_alone else Cursor(cursor.run_id, cursor.epoch, None)


def _may_pause(one: Told) -> bool:
    """Whether a run has come to wait, or was told while it waits."""
    event: dict[str, Any] = one.event
    if event["type"] == "RUN_FINISHED":
        return bool(event["outcome"]["type"] == "interrupt")
    return bool(event["type"] == "RUN_STARTED" and event["metadata"]["status"] == RunStatus.WAITING)
