"""A worker's hand on a run, one step at a time: the real claim, the real journal, and no clock between the steps."""

import os
import uuid

from django.db import connection
from uuid_utils.compat import uuid7

from agents import interrupts, lease, loading
from agents.journal import Heard
from agents.lease import RENEW, Claim
from agents.llm.base import LLMRequest, Reply, Usage
from agents.models import CallStatus, Effect, Run, RunStatus, StopReason, WaitKind
from agents.policies import Policy
from agents.spans import Attempt, Timer
from agents.tools.base import ToolResult
from agents.transcript import Answer, Call, answers_of_run, awaited_calls, startable_calls
from tests.drills.ledger import book

LONG = 3600


class Hand:
    """What one worker has in its hand since it claimed a run. It may have been lost long ago, and not know it."""

    def __init__(self, loaded: loading.Loaded) -> None:
        self.run_id, self.epoch = loaded.run.id, loaded.claim.epoch
        self._claim, self._run, self._ctx, self._journal = loaded.claim, loaded.run, loaded.ctx, loaded.journal
        self._at_work: list[tuple[Call, Timer]] = []
        self._is_to_stop = loaded.run.cancel_requested_at is not None

    @property
    def is_mine(self) -> bool:
        return Run.objects.filter(pk=self.run_id, epoch=self.epoch, status=RunStatus.RUNNING).exists()

    def beat(self) -> bool:
        """Whether the lease could be renewed. Only so does a worker surely hear that its run is to stop."""
        with connection.cursor() as cursor:
            cursor.execute(RENEW, {"owners": [self._claim.owner], "seconds": LONG})
            renewed = cursor.fetchall()
        self._is_to_stop = self._is_to_stop or any(is_to_stop for _, is_to_stop in renewed)
        return bool(renewed)

    def leave(self) -> None:
        """As a worker does that shuts down."""
        lease.release(self._claim)

    def step(self, asked: list[Effect], policy: Policy | None) -> bool:
        """Do what comes next, as the loop does; an LLM's turn asks for `asked`, or answers. False: nothing is left."""
        if self._is_to_stop:
            return self._end(RunStatus.CANCELLED, StopReason.CANCELLED)
        transcript = self._ctx.transcript
        answers = answers_of_run(transcript)
        if fresh := [call for call in startable_calls(transcript) if call not in [one for one, _ in self._at_work]]:
            return self._start(fresh[0])
        if self._at_work:
            return self._finish(*self._at_work.pop(0))
        if awaited := awaited_calls(transcript):
            return self._pause({call.status for call in awaited})
        return self._reply(asked if len(answers) < 2 else [], policy)

    def _reply(self, asked: list[Effect], policy: Policy | None) -> bool:
        status = CallStatus.AWAITING_APPROVAL if policy else CallStatus.READY
        calls = [
            Call(uuid7(), f"ledger_{effect}", '{"note": "n"}', Effect(effect), status, policy=policy)
            for effect in asked
        ]
        reply = Reply("Let me see.", (), "stop", Usage(20, 10), "gpt-4o")
        attempt = Attempt(1, "gpt-4o", LLMRequest("gpt-4o", []))
        heard = self._journal.heard(uuid7(), reply, Answer(reply.text, calls), attempt)
        if heard.is_last:
            return self._end(RunStatus.COMPLETED, StopReason.FINAL, heard)
        self._journal.replied(heard, last_seq=self._next_seq())
        self._ctx.transcript.append(heard.answer)
        return True

    def _start(self, call: Call) -> bool:
        call.status, call.attempt = CallStatus.STARTED, call.attempt + 1
        timer = Timer()
        self._journal.call_started(call, timer, last_seq=self._next_seq())
        self._at_work.append((call, timer))
        key = str(uuid.uuid5(self.run_id, str(call.id)))
        book.write(book.Execution(call.name, "n", str(self.run_id), key, call.attempt, os.getpid()))
        return True

    def _finish(self, call: Call, timer: Timer) -> bool:
        call.status, call.result = CallStatus.SUCCEEDED, "done"
        self._journal.call_finished(call, ToolResult(call.status, "done"), timer, last_seq=self._next_seq())
        return True

    def _pause(self, statuses: set[CallStatus]) -> bool:
        kind = WaitKind.APPROVAL if CallStatus.AWAITING_APPROVAL in statuses else WaitKind.INPUT
        self._journal.paused(kind, interrupts.of_run(self._run), last_seq=self._next_seq())
        return False

    def _end(self, status: RunStatus, reason: StopReason, heard: Heard | None = None) -> bool:
        self._run.conclude(status, reason)
        self._journal.ended(heard, last_seq=self._next_seq(), interrupted=None, spans=[])
        return False

    def _next_seq(self) -> int:
        self._run.last_seq += 1
        return self._run.last_seq


def take(run_id: uuid.UUID) -> Hand | None:
    """What a worker does when the bell rings."""
    loaded = loading.take(run_id)
    return Hand(loaded) if loaded else None


def open_late(claim: Claim) -> Hand:
    """What a worker does that froze right behind its claim, and has woken up. Raises LeaseLost when it was too long."""
    loaded = loading.load(claim)
    loaded.journal.opened(loaded.cut_off)
    return Hand(loaded)
