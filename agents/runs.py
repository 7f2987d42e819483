"""Moves a run: claim it, load what its rows say, let the loop go on from there, store each fact, tell the watchers."""

import asyncio
import logging
import uuid
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils import timezone
from uuid_utils.compat import uuid7

from agents import doorbell, events, faults, interrupts, lease, loop, recalling
from agents.budgets import OverBudget, has_limits
from agents.context import Recollection
from agents.database import in_database, patiently
from agents.facts import (
    CallFinished,
    CallStarted,
    CompactionStarted,
    Fact,
    HandedOver,
    ReplyReceived,
    RunEnded,
    RunPaused,
    SummaryDelta,
    SummaryReceived,
    TaskGiven,
    TurnStarted,
)
from agents.journal import Heard
from agents.lease import Lease, LeaseLost, Reason, heartbeat
from agents.live import Publisher, RunLog
from agents.llm.base import LLMRequest, TextDelta
from agents.llm.retry import AttemptFailed, AttemptStarted
from agents.loading import Loaded, again, take
from agents.models import RunStatus, StopReason, WaitKind
from agents.outcomes import closing
from agents.spans import Attempt, Timer
from agents.transcript import awaited_calls, open_calls

logger = logging.getLogger(__name__)

LEASE_LOST = "Run %s: the lease was lost; this worker writes nothing more."
STEPS = (TurnStarted, SummaryReceived, ReplyReceived)  # after which a worker that shuts down gives the run back
INTERNAL_ERROR = "Something went wrong inside Plumbline. Your message is kept, and the error is on record."


async def advance(run_id: uuid.UUID, publisher: Publisher) -> None:
    """Move a run as far as it goes without waiting. One that is not to be had is left alone."""
    task = asyncio.current_task()
    kept: Lease | None = None
    try:
        loaded = await in_database(take, run_id)
        if loaded is None or task is None:
            return
        faults.reach("after_claim")
        log = await publisher.open(loaded.run)
        kept = Lease(loaded.claim, task)
        heartbeat.keep(kept)
        await _Drive(loaded, kept, log).to_the_end(publisher)
    except (OperationalError, InterfaceError) as error:
        # Nothing was half written. The lease runs out and the reaper hands the run to whoever has a database.
        logger.warning("Run %s is left to the reaper: the database failed (%s).", run_id, error)
        return
    finally:
        if kept:
            heartbeat.drop(kept)


async def _whole(step: Coroutine[Any, Any, None]) -> None:
    """Take a step to its end even when we are stopped in its middle, and be stopped then: no half a commit."""
    taken = asyncio.ensure_future(step)
    stopped: asyncio.CancelledError | None = None
    while not taken.done():
        try:
            await asyncio.wait([taken])
        except asyncio.CancelledError as error:
            stopped = error
    taken.result()
    if stopped:
        raise stopped


class _Drive:
    """One worker's stretch of work on one run."""

    def __init__(self, loaded: Loaded, kept: Lease, log: RunLog):
        self._run = loaded.run
        self._ctx = loaded.ctx
        self._journal = loaded.journal
        self._replay = loaded.replay
        self._lease = kept
        self._log = log
        self._request: LLMRequest | None = None
        self._attempt: Attempt | None = None  # while the LLM is being asked
        self._last_words: Heard | None = None  # from the last reply until the end that follows at once
        self._call_timers: dict[uuid.UUID, Timer] = {}

    async def to_the_end(self, publisher: Publisher) -> None:
        alarm = asyncio.get_running_loop().call_later(self._seconds_left(), self._lease.stop, Reason.OUT_OF_TIME)
        try:
            if self._run.cancel_requested_at:
                await self._end(RunStatus.CANCELLED, StopReason.CANCELLED, "")
            else:
                await self._work()
        except LeaseLost:
            logger.warning(LEASE_LOST, self._run.id)
        except asyncio.CancelledError:
            await self._stopped()
        except OverBudget as over:
            await self._end(RunStatus.FAILED, over.reason, over.words)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("Run %s failed.", self._run.id)
            await self._end(RunStatus.FAILED, StopReason.INTERNAL_ERROR, INTERNAL_ERROR)
        finally:
            alarm.cancel()
            self._lease.is_over = True
            await publisher.close(self._log)

    def _seconds_left(self) -> float:
        """Of the time this run may be at work; waiting for people does not count."""
        return max(0.0, self._run.agent_version.max_active_seconds - self._run.active_ms / 1000)

    async def _work(self) -> None:
        self._log.say(*self._replay)
        await self._recall()
        while await self._runs_on():
            self._ctx = await in_database(again, self._run)
            await self._recall()

    async def _recall(self) -> None:
        """Once a run, before the LLM is asked: what is known about the person, and what was found to work."""
        if not self._ctx.reminding.is_due:
            return
        timer = Timer()
        found = await recalling.found_for(self._ctx)
        timer.stop()
        await _whole(self._recalled(found, timer))

    async def _recalled(self, found: Recollection, timer: Timer) -> None:
        frames = self._log.number([events.memory_used(found.all)] if found.all else [])
        self._ctx.recollection = await patiently(self._journal.recalled, found, timer, last_seq=self._log.last_seq)
        self._log.publish(frames)

    async def _runs_on(self) -> bool:
        """Let the agent go on; whether another one has taken over, with whom the run goes on."""
        async with aclosing(loop.run(self._ctx)) as facts:
            async for fact in facts:
                await self._store(fact)
                if isinstance(fact, HandedOver):
                    return True
                if self._lease.is_draining and isinstance(fact, STEPS) and not self._last_words:
                    await self._give_back()
                    return False
        return False

    async def _store(self, fact: Fact) -> None:
        match fact:
            case TextDelta(text=text):
                self._say(text)
            case SummaryDelta(text=text):
                assert self._attempt is not None
                self._attempt.partial_text += text
            case SummaryReceived():
                await _whole(self._summarised(fact))
            case TurnStarted(request=request) | CompactionStarted(request=request):
                self._request = request
                await self._reserve(request)
            case AttemptStarted(attempt=number, llm_name=llm_name):
                assert self._request is not None
                self._attempt = Attempt(number, llm_name, self._request)
                self._log.begin_text(uuid7())
            case AttemptFailed():
                await _whole(self._attempt_failed(fact))
            case ReplyReceived():
                await _whole(self._replied(fact))
            case CallStarted():
                await _whole(self._call_started(fact))
            case CallFinished():
                await _whole(self._call_finished(fact))
            case TaskGiven():
                await _whole(self._task_given(fact))
            case HandedOver():
                await _whole(self._handed_over(fact))
            case RunPaused(wait_kind=kind):
                await _whole(self._pause(kind))
            case RunEnded(stop_reason=reason, error=error):
                await _whole(self._end(RunStatus.FAILED if error else RunStatus.COMPLETED, reason, error))

    async def _reserve(self, request: LLMRequest) -> None:
        if has_limits(self._run):
            names = [request.llm_name, *self._ctx.agent.fallback_llm_names]
            await patiently(self._journal.reserve, request, names)

    def _say(self, text: str) -> None:
        faults.reach("mid_stream")
        if self._run.first_token_ms is None:
            self._run.first_token_ms = round((timezone.now() - self._run.created_at).total_seconds() * 1000)
        self._log.text(text)

    async def _attempt_failed(self, failed: AttemptFailed) -> None:
        attempt, message_id = self._finished_attempt(), self._log.message_id
        if failed.delay is None:
            # The last one. What it said stays on the page, marked as interrupted, when the run ends.
            frames = self._log.number([])
        else:
            assert message_id is not None
            void = [events.text_ended(message_id), events.superseded(message_id, failed.error.words)]
            retry = events.llm_retry(
                attempt=failed.attempt + 1, of=failed.of, delay=failed.delay, reason=failed.error.words
            )
            frames = self._log.number([*(void if self._log.text_so_far else []), retry])
            self._log.end_text()
        await patiently(self._journal.failed_attempt, attempt, failed, last_seq=self._log.last_seq)
        self._log.publish(frames)

    async def _summarised(self, fact: SummaryReceived) -> None:
        made = self._journal.compaction(fact, self._finished_attempt())
        frames = self._log.number([events.compacted(made.row)] if made.row else [])
        await patiently(self._journal.compacted, made, last_seq=self._log.last_seq)
        self._log.publish(frames)

    async def _replied(self, fact: ReplyReceived) -> None:
        attempt, message_id = self._finished_attempt(), self._log.message_id
        assert message_id is not None
        heard = self._journal.heard(message_id, fact.reply, fact.answer, attempt)
        if heard.is_last:
            self._last_words = heard  # stored with the end, in one transaction: nobody ever finds one without the other
            return
        said = [events.text_ended(message_id)] if self._log.text_so_far else []
        if fact.answer.complaint:
            said.append(events.superseded(message_id, fact.answer.complaint))
        for call in fact.answer.calls:
            said += events.call_asked(call.id, call.name, call.raw_arguments, message_id)
        said += [events.call_status(call.id, call.status) for call in fact.answer.calls if call.policy]
        frames = self._log.number(said)
        await patiently(self._journal.replied, heard, last_seq=self._log.last_seq)
        self._log.end_text()
        self._log.publish(frames)

    def _finished_attempt(self) -> Attempt:
        attempt, self._attempt = self._attempt, None
        assert attempt is not None
        attempt.timer.stop()
        attempt.partial_text += self._log.text_so_far  # of a summary nothing is logged
        return attempt

    async def _call_started(self, fact: CallStarted) -> None:
        timer = self._call_timers[fact.call.id] = Timer()
        frames = self._log.number([events.call_status(fact.call.id, fact.call.status)])
        await patiently(self._journal.call_started, fact.call, timer, last_seq=self._log.last_seq)
        self._log.publish(frames)

    async def _call_finished(self, fact: CallFinished) -> None:
        timer = self._call_timers.pop(fact.call.id, None) or Timer()  # none: asked what became of it
        timer.stop()
        said = [events.call_status(fact.call.id, fact.result.status, timer.duration_ms)]
        if not fact.call.is_open:
            said.append(events.call_result(fact.call.id, fact.result.text))
        frames = self._log.number(said)
        await patiently(self._journal.call_finished, fact.call, fact.result, timer, last_seq=self._log.last_seq)
        self._log.publish(frames)

    async def _task_given(self, fact: TaskGiven) -> None:
        frames = self._log.number([events.call_status(fact.call.id, fact.call.status)])
        child = await patiently(self._journal.task_given, fact, last_seq=self._log.last_seq)
        self._log.publish(frames)
        doorbell.ring(child.id)

    async def _handed_over(self, fact: HandedOver) -> None:
        call, source = fact.call, self._run.agent_version.agent
        said = [events.call_status(call.id, call.status, 0), events.call_result(call.id, call.result)]
        said.append(events.handed_over(source, fact.target, reason=fact.asked.reason, confidence=fact.asked.confidence))
        frames = self._log.number(said)
        await patiently(self._journal.handed_over, fact, last_seq=self._log.last_seq)
        self._log.publish(frames)

    async def _pause(self, kind: WaitKind) -> None:
        told = await patiently(interrupts.of_run, self._run)
        frames = self._log.number([events.run_paused(self._run, told)] if told else [])
        self._lease.is_over = True
        waits = await patiently(self._journal.paused, kind, told, last_seq=self._log.last_seq)
        if waits:
            self._log.publish(frames)
        if not waits or kind == WaitKind.CHILD:  # a child may have ended while this run was still at work
            doorbell.ring(self._run.id)

    async def _stopped(self) -> None:
        task = asyncio.current_task()
        if self._lease.reason is None or task is None:
            raise asyncio.CancelledError
        task.uncancel()
        if self._lease.is_over:
            return  # stopped after its end
        if self._lease.reason == Reason.CANCELLED:
            await self._end(RunStatus.CANCELLED, StopReason.CANCELLED, "")
        elif self._lease.reason == Reason.DRAINED:
            await self._give_back()
        elif self._lease.reason == Reason.OUT_OF_TIME:
            seconds = self._run.agent_version.max_active_seconds
            await self._end(RunStatus.FAILED, StopReason.MAX_TIME, f"This answer took longer than {seconds:,} s.")
        else:
            logger.warning(LEASE_LOST, self._run.id)

    async def _give_back(self) -> None:
        self._lease.is_over = True
        await in_database(lease.release, self._lease.claim)
        doorbell.ring(self._run.id)

    async def _end(self, status: RunStatus, reason: StopReason, error: str) -> None:
        self._lease.is_over = True
        message_id, partial = self._log.message_id, self._log.text_so_far
        spans = []
        if self._attempt:  # first of all, since the outcome names the cost
            spans.append(await in_database(self._journal.broken_off, self._finished_attempt()))
        is_whole = self._last_words is not None
        interrupted = (message_id, partial) if message_id and partial and not is_whole else None
        self._run.conclude(status, reason, error)
        said = [events.text_ended(message_id, is_interrupted=not is_whole)] if message_id and partial else []
        for call in open_calls(self._ctx.transcript):
            call_status, result = closing(call.status, call.effect)
            said += [events.call_status(call.id, call_status), events.call_result(call.id, result)]
        frames = self._log.number([*said, *events.end_of(self._run)])
        try:
            following = await patiently(
                self._journal.ended,
                self._last_words,
                last_seq=self._log.last_seq,
                interrupted=interrupted,
                spans=spans,
            )
        except LeaseLost:
            logger.warning(LEASE_LOST, self._run.id)
            doorbell.announce(self._run)  # a COMMIT whose answer was lost looks like this too
            return
        self._log.end_text()
        self._log.publish(frames)
        if awaited_calls(self._ctx.transcript):
            doorbell.announce(self._run)  # people may have decided something we have not read
        for run_id in (following, self._run.parent_id):
            if run_id:
                doorbell.ring(run_id)
