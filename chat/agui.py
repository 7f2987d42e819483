"""Our events of a run as any AG-UI client takes them: one start, everything once, one end.

On our own wire a `RUN_STARTED` voids what was known and tells the run again (docs/decisions/0002). A client that holds
to AG-UI's order rules refuses that, so what it has heard already is left out here. The tasks agents give to each other
are runs on our wire, and subagents inside the one run on this one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from ag_ui.core import Interrupt
from django.db.models import Q

from agents.models import Compaction, Handoff, Message, Role, Run, ToolCall
from chat.voice import WITHDRAWN, Event, Heard, Voice, frame_of

PROTOCOL_VERSION = "1.0"
STOPPED = "It was stopped."


def heard_before(run: Run, moment: datetime) -> Heard:
    """What a client that followed the run until then has heard: the answer to an interrupt goes on from there."""
    team = Run.objects.filter(Q(pk=run.pk) | Q(root=run))
    messages = Message.objects.filter(run__in=team, role=Role.ASSISTANT, created_at__lte=moment)
    calls = list(ToolCall.objects.filter(message__in=messages))
    done = [call for call in calls if call.finished_at and call.finished_at <= moment]
    handoffs = Handoff.objects.filter(run__in=team, created_at__lte=moment)
    ended = team.filter(root=run, finished_at__lte=moment)
    compactions = Compaction.objects.filter(run__in=team, created_at__lte=moment)
    return Heard(
        texts={str(message.id): len(message.text) for message in messages if message.text},
        calls={str(call.id) for call in calls},
        results={str(call.id) for call in done},
        statuses={str(call.id): call.status for call in done},
        handoffs={(str(run_id), slug) for run_id, slug in handoffs.values_list("run_id", "target__agent__slug")},
        ended=set(map(str, ended.values_list("pk", flat=True))),
        summaries=set(map(str, compactions.values_list("pk", flat=True))),
    )


class Telling:
    """Tells one run, and the tasks below it, to one client, under the ids that client has chosen."""

    def __init__(self, *, root: str, thread_id: str, run_id: str, heard: Heard | None = None) -> None:
        self._root = root
        self._ids = {"threadId": thread_id, "runId": run_id}
        self._heard = heard or Heard()
        self._voice = Voice(self._heard)
        self._has_begun = False
        self._tasks: dict[str, Voice] = {}
        self.has_ended = False

    @property
    def is_alone(self) -> bool:
        """Whether nothing was told yet of tasks below the run."""
        return not self._tasks

    def knows_result(self, call_id: str) -> bool:
        return call_id in self._heard.results

    def take(self, event: Event) -> Iterable[Event]:
        """What the client is told when this happened, here or below."""
        run_id = event["metadata"]["runId"]
        if self.has_ended:
            return []
        if run_id != self._root:
            return self._take_of_task(run_id, event)
        match event["type"]:
            case "RUN_STARTED":
                return self._start(event)
            case "RUN_FINISHED" if event["outcome"]["type"] == "interrupt":
                return []  # told when nobody in the team is at work any more
            case "RUN_FINISHED":
                return [*self._end(event), event | self._ids]
            case "RUN_ERROR":
                return [*self._end(event), event]
            case "CUSTOM" if event["name"] == "run.removed":
                error = {"type": "RUN_ERROR", "message": WITHDRAWN, "code": "withdrawn"}
                return [*self._end(event), {**frame_of(event), **error}]
        return self._voice.take(event)

    def pause(self, event: Event, interrupts: Sequence[Interrupt]) -> Iterable[Event]:
        """The end of the stream when all who are left wait for people; `event` is the run's last one."""
        said: list[Event] = self._voice.fall_silent(event)
        for run_id in self._at_work():
            own = [interrupt.id for interrupt in interrupts if interrupt.subagent_run_id == run_id]
            suspended: Event = {"type": "suspended"} | ({"interruptIds": own} if own else {})
            said += self._end_task(run_id, {**frame_of(event), "type": "SUBAGENT_FINISHED", "outcome": suspended})
        self.has_ended = True
        asked = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in interrupts]
        outcome: Event = {"type": "interrupt", "interrupts": asked}
        return [*said, {**frame_of(event), "type": "RUN_FINISHED", **self._ids, "outcome": outcome}]

    def _start(self, event: Event) -> Iterable[Event]:
        self._voice.begin_anew()
        if self._has_begun:
            return []
        self._has_begun = True
        return [event | self._ids | {"protocolVersion": PROTOCOL_VERSION}]

    def _end(self, event: Event) -> list[Event]:
        """Close what is open below: tasks that are still worked on are stopped with the run."""
        said = self._voice.fall_silent(event)
        stopped = {"type": "SUBAGENT_ERROR", "message": STOPPED, "code": "cancelled"}
        for run_id in self._at_work():
            said += self._end_task(run_id, {**frame_of(event), **stopped})
        self.has_ended = True
        return said

    # Tasks

    def _at_work(self) -> list[str]:
        """The tasks that have not ended, those furthest below first."""
        return [run_id for run_id in reversed(self._tasks) if run_id not in self._heard.ended]

    def _take_of_task(self, run_id: str, event: Event) -> Iterable[Event]:
        if run_id in self._heard.ended:
            return []
        if event["type"] == "RUN_STARTED":
            return self._start_task(run_id, event)
        voice = self._tasks.get(run_id)
        if voice is None:  # of another question, or its parent was not heard yet and it will be told again
            return []
        match event["type"]:
            case "RUN_FINISHED" if event["outcome"]["type"] == "interrupt":
                return []
            case "RUN_FINISHED" if event["outcome"]["type"] == "cancelled":
                error = {"type": "SUBAGENT_ERROR", "message": STOPPED, "code": "cancelled"}
                return self._end_task(run_id, {**frame_of(event), **error})
            case "RUN_FINISHED":
                done = {"type": "SUBAGENT_FINISHED", "outcome": {"type": "success"}}
                return self._end_task(run_id, {**frame_of(event), **done})
            case "RUN_ERROR":
                return self._end_task(run_id, event | {"type": "SUBAGENT_ERROR"})
        return [one | {"subagentRunId": run_id} for one in voice.take(event)]

    def _start_task(self, run_id: str, event: Event) -> Iterable[Event]:
        metadata = event["metadata"]
        parent = metadata.get("parent") or {}
        if run_id in self._tasks:
            self._tasks[run_id].begin_anew()
            return []
        parent_id = parent.get("runId")
        if not self._has_begun or (parent_id != self._root and parent_id not in self._tasks):
            return []
        self._tasks[run_id] = Voice(self._heard)
        told = {"type": "SUBAGENT_STARTED", "subagentRunId": run_id, "name": metadata["agent"]["slug"]}
        if parent_id != self._root:
            told["parentSubagentRunId"] = parent_id
        if parent.get("toolCallId"):
            told["parentToolCallId"] = parent["toolCallId"]
        return [{**frame_of(event), **told}]

    def _end_task(self, run_id: str, event: Event) -> list[Event]:
        self._heard.ended.add(run_id)
        said = [one | {"subagentRunId": run_id} for one in self._tasks[run_id].fall_silent(event)]
        return [*said, event | {"subagentRunId": run_id}]
