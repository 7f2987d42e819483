"""Each durable step of a run: one transaction, conditional on the epoch, with the step's spans inside.

A worker that has lost its lease changes zero rows here, gets `LeaseLost`, and stops.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from agents.lease import Claim, LeaseLost
from agents.llm import pricing, tokens
from agents.llm.base import Reply, Usage
from agents.llm.retry import AttemptFailed
from agents.models import OPEN_CALLS, CallStatus, Effect, Message, Role, Run, RunStatus, ToolCall
from agents.spans import Attempt, Timer, broken_off_span, llm_span, receive_span, tool_span
from agents.text import storable
from agents.tools.base import ToolResult
from agents.transcript import Answer, Call
from observability import recorder
from observability.recorder import SpanFacts, Status, TraceFacts

STATUS_OF_TRACE = {
    RunStatus.QUEUED: Status.QUEUED,
    RunStatus.RUNNING: Status.RUNNING,
    RunStatus.WAITING: Status.WAITING,
    RunStatus.COMPLETED: Status.OK,
    RunStatus.FAILED: Status.ERROR,
    RunStatus.DEAD: Status.ERROR,
    RunStatus.CANCELLED: Status.CANCELLED,
}


class Journal:
    """Writes the steps of one run for the worker that holds it. Its methods block: call them off the loop."""

    def __init__(self, claim: Claim, run: Run, messages: list[Message], calls: list[ToolCall], provider: str):
        self.run = run
        self._claim = claim
        self._question = "".join(message.text for message in messages if message.role == Role.USER)
        self._answer = next((message.text for message in reversed(messages) if message.role == Role.ASSISTANT), "")
        self._next_position = len(messages)
        self._calls_made = len(calls)
        self._open_calls = sum(call.is_open for call in calls)
        self._provider = provider

    @transaction.atomic
    def opened(self) -> None:
        """The run is in work: how long it was queued becomes its first span. The claim has already told its row."""
        if self.run.epoch == 1:
            recorder.record_spans([receive_span(self.run, self._question)])
        self._record_trace()

    def failed_attempt(self, attempt: Attempt, failed: AttemptFailed, *, last_seq: int) -> None:
        """One try of the LLM that brought no reply; its partial text is only in the span."""
        self.run.error_count += 1
        attributes = {"error.type": failed.error.problem.value}
        span = self._broken_off(attempt, Status.ERROR, failed.error.words, attributes)
        with self._step(last_seq=last_seq, draft_message_id=None, draft_text=""):
            recorder.record_spans([span])

    def replied(self, message_id: uuid.UUID, reply: Reply, answer: Answer, attempt: Attempt, *, last_seq: int) -> None:
        """The LLM's reply, its usage and the tool calls it asked for."""
        self.run.turn += 1
        cost = self._count(reply.llm_name, reply.usage)
        is_last = not answer.calls  # then the run's end follows at once, and tells the trace
        with self._step(not is_last, last_seq=last_seq, turn=self.run.turn, draft_message_id=None, draft_text=""):
            message = self._message(message_id, reply.text)
            if answer.calls:
                ToolCall.objects.bulk_create(_call_row(message, place, call) for place, call in enumerate(answer.calls))
                self._calls_made += len(answer.calls)
                self._open_calls += len(answer.calls)
            recorder.record_spans([llm_span(self.run, self._provider, reply, answer, attempt, cost)])

    def call_started(self, call: Call, timer: Timer, *, last_seq: int) -> None:
        with self._step(last_seq=last_seq):
            ToolCall.objects.filter(pk=call.id, status__in=OPEN_CALLS).update(
                status=CallStatus.STARTED, attempt=call.attempt, started_at=timer.started_at
            )

    def call_finished(self, call: Call, result: ToolResult, timer: Timer, *, last_seq: int) -> None:
        """A tool's result, written once: a call that already has one keeps it."""
        self.run.error_count += result.is_error
        with self._step(last_seq=last_seq):
            ToolCall.objects.filter(pk=call.id, status__in=OPEN_CALLS).update(
                status=result.status, result=storable(result.text), finished_at=timer.ended_at
            )
            self._open_calls -= 1
            recorder.record_spans([tool_span(self.run.id, call, result, timer)])

    def broken_off(self, attempt: Attempt) -> SpanFacts:
        """The span of a call that the end of its run cuts short. It counts from here on; store it with `ended`."""
        return self._broken_off(attempt, Status.CANCELLED, "Stopped before the end.", {})

    def ended(
        self, *, last_seq: int, interrupted: tuple[uuid.UUID, str] | None, spans: list[SpanFacts]
    ) -> uuid.UUID | None:
        """The run's one outcome. Calls still open get a result too, and half an answer is kept as such.

        Returns the run of the thread that may start now.
        """
        outcome = {name: getattr(self.run, name) for name in ("status", "stop_reason", "error", "finished_at")}
        freed = {"lease_owner": None, "lease_expires_at": None, "draft_message_id": None, "draft_text": ""}
        with self._step(last_seq=last_seq, **outcome, **freed):
            recorder.record_spans(spans)
            if interrupted:
                self._message(*interrupted, is_interrupted=True)
            if self._open_calls:
                close_open_calls(self.run)
            return next_in_line(self.run.thread_id)

    @contextmanager
    def _step(self, tells_trace: bool = True, /, **changes: Any) -> Iterator[None]:
        """A transaction that holds only while the run is ours; the trace is brought up to date with it."""
        totals = {name: getattr(self.run, name) for name in TOTALS}
        with transaction.atomic():
            mine = Run.objects.filter(pk=self.run.pk, epoch=self._claim.epoch, status=RunStatus.RUNNING)
            if not mine.update(**totals, **changes):
                raise LeaseLost
            yield
            if tells_trace:
                self._record_trace()

    def _record_trace(self) -> None:
        record_trace(self.run, self._question, answer=self._answer, tool_calls=self._calls_made)

    def _message(self, message_id: uuid.UUID, text: str, *, is_interrupted: bool = False) -> Message:
        message = Message.objects.create(
            id=message_id,
            run=self.run,
            position=self._next_position,
            role=Role.ASSISTANT,
            text=storable(text),
            is_interrupted=is_interrupted,
        )
        self._next_position += 1
        self._answer = message.text
        return message

    def _count(self, llm_name: str, usage: Usage) -> Decimal | None:
        """Add one LLM call to the run's totals; its cost, None where the price is unknown."""
        has_cost = usage.input or usage.output
        cost = pricing.price(llm_name, usage, provider=self._provider) if has_cost else Decimal()
        run = self.run
        run.llm_calls += 1
        run.llm_name = llm_name
        run.input_tokens += usage.input
        run.output_tokens += usage.output
        run.cached_tokens += usage.cached
        run.cost = None if run.cost is None or cost is None else run.cost + cost
        return cost

    def _broken_off(self, attempt: Attempt, status: Status, error: str, attributes: dict[str, Any]) -> SpanFacts:
        """A call without a reply. One that had begun to answer has cost something: its tokens are estimated."""
        said = attempt.partial_text
        usage = tokens.estimated(attempt.request.messages, [said], attempt.llm_name) if said else Usage()
        cost = self._count(attempt.llm_name, usage)
        return broken_off_span(self.run, self._provider, attempt, status, error, usage, cost, attributes)


TOTALS = (
    "llm_calls", "error_count", "input_tokens", "output_tokens", "cached_tokens", "cost", "first_token_ms", "llm_name",
)  # fmt: skip


def record_trace(run: Run, question: str, *, answer: str = "", tool_calls: int = 0) -> None:
    """Tell the recorder how a run stands now."""
    agent_version = run.agent_version
    finished = run.finished_at
    began = run.queued_at
    recorder.record_trace(
        TraceFacts(
            id=run.id,
            thread_id=run.thread_id,
            user_id=run.user_id,
            agent=agent_version.agent.slug,
            agent_version=agent_version.number,
            status=STATUS_OF_TRACE[RunStatus(run.status)],
            started_at=began,
            question=question,
            answer=answer if finished else "",
            error=run.error,
            llm_name=run.llm_name,
            duration_ms=round((finished - began).total_seconds() * 1000) if finished else None,
            first_token_ms=run.first_token_ms,
            input_tokens=run.input_tokens,
            cached_tokens=run.cached_tokens,
            output_tokens=run.output_tokens,
            cost=run.cost,
            error_count=run.error_count,
            llm_calls=run.llm_calls,
            tool_calls=tool_calls,
        )
    )


def close_open_calls(run: Run) -> None:
    """Give calls that will not run any more their one result."""
    for call in run.tool_calls.filter(status__in=OPEN_CALLS):
        call.status, call.result = closing(CallStatus(call.status), Effect(call.effect))
        call.finished_at = timezone.now()
        call.save(update_fields=["status", "result", "finished_at"])


def closing(status: CallStatus, effect: Effect) -> tuple[CallStatus, str]:
    """How a call ends that was open when its run stopped: an unsafe one that had begun may have had its effect."""
    if status == CallStatus.STARTED and effect == Effect.UNSAFE:
        return CallStatus.OUTCOME_UNKNOWN, "Error: interrupted while it ran; whether it took effect is unknown."
    return CallStatus.CANCELLED, "Error: not run, because the run was stopped."


def next_in_line(thread_id: uuid.UUID) -> uuid.UUID | None:
    """The queued run that may start when no other of its thread is at work."""
    first = Run.objects.filter(thread_id=thread_id).unfinished().order_by("position").first()
    return first.id if first and first.status == RunStatus.QUEUED else None


def _call_row(message: Message, position: int, call: Call) -> ToolCall:
    return ToolCall(
        id=call.id,
        run_id=message.run_id,
        message=message,
        position=position,
        provider_call_id=storable(call.provider_call_id)[:200],
        name=storable(call.name)[:120],
        raw_arguments=storable(call.raw_arguments),
        effect=call.effect,
        status=call.status,
    )
