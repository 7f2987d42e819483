"""Each durable step of a run: one transaction, conditional on the epoch, with the step's spans inside.

A worker that has lost its lease changes zero rows here, gets `LeaseLost`, and stops.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ag_ui.core import Interrupt
from django.db import transaction
from django.utils import timezone

from agents import approvals, budgets, children, faults, interrupts
from agents.context import Recollection
from agents.facts import HandedOver, SummaryReceived, TaskGiven
from agents.lease import Claim, LeaseLost
from agents.llm import pricing, tokens
from agents.llm.base import LLMRequest, Reply, Usage
from agents.llm.retry import AttemptFailed
from agents.models import (
    OPEN_CALLS,
    AgentVersion,
    Artifact,
    CallStatus,
    Compaction,
    Handoff,
    Message,
    Role,
    Run,
    RunQuerySet,
    RunStatus,
    Thread,
    ToolCall,
    WaitKind,
)
from agents.outcomes import close_open_calls, next_in_line, record_trace
from agents.spans import (
    Attempt,
    Timer,
    broken_off_span,
    compaction_span,
    given_up,
    handoff_span,
    llm_span,
    lost_call_span,
    recall_span,
    receive_span,
    tool_span,
)
from agents.teams import Routing
from agents.text import storable
from agents.tools.base import ToolResult
from agents.transcript import Answer, Call
from agents.windows import keep_what_was_said
from memory import procedures
from memory.uses import keep_uses
from observability import recorder
from observability.recorder import SpanFacts, Status


@dataclass(frozen=True)
class Heard:
    """A reply of the LLM that is counted and not yet stored."""

    message_id: uuid.UUID
    reply: Reply
    answer: Answer
    attempt: Attempt
    cost: Decimal | None

    @property
    def is_last(self) -> bool:
        """Nothing is to be done about it: the end of its run follows at once."""
        return not self.answer.calls and not self.answer.complaint


@dataclass(frozen=True)
class Compacted:
    """A summary of the oldest turns that is counted and not yet stored; no row: it is of no use."""

    row: Compaction | None
    up_to: uuid.UUID | None  # the last run it summarises
    span: SpanFacts


class Journal:
    """Writes the steps of one run for the worker that holds it. Its methods block: call them off the loop."""

    def __init__(
        self,
        claim: Claim,
        run: Run,
        messages: list[Message],
        calls: list[ToolCall],
        provider: str,
        *,
        said_before: str = "",
    ):
        self.run = run
        self._active_before = run.active_ms
        self._spent: list[tuple[int, Decimal]] = []  # tokens and money that the ledger does not know yet
        self._claim = claim
        self._question = "".join(message.text for message in messages if message.role == Role.USER)
        self._answer = next((message.text for message in reversed(messages) if message.role == Role.ASSISTANT), "")
        self._next_position = len(messages)
        self._calls_made = len(calls)
        self._open_calls = sum(call.is_open for call in calls)
        self._provider = provider
        self._asked = next((message for message in messages if message.role == Role.USER), None)
        self._said_before = said_before

    @transaction.atomic
    def opened(self, cut_off: list[ToolCall]) -> None:
        """The run is in work: how long it was queued becomes its first span. The claim has already told its row.

        `cut_off` are calls another worker had begun; one whose outcome is unknown stands still from now on.
        """
        if not self._mine().select_for_update().exists():
            raise LeaseLost
        received = [receive_span(self.run, self._question)] if self.run.turn == 0 else []  # told twice, it is the same
        recorder.record_spans([*received, *(lost_call_span(self.run, call) for call in cut_off)])
        unknown = [call.pk for call in cut_off if call.status == CallStatus.OUTCOME_UNKNOWN]
        if unknown:
            ToolCall.objects.filter(pk__in=unknown).update(status=CallStatus.OUTCOME_UNKNOWN)
        self._record_trace()

    def reserve(self, request: LLMRequest, llm_names: list[str]) -> None:
        """Hold what the next LLM call may use. Raises OverBudget when that passes a limit."""
        need = budgets.need_of(request, llm_names, self._provider)
        with transaction.atomic():
            budgets.check(self.run, need)
            if not self._mine().update(reserved_tokens=need.tokens, reserved_cost=need.cost or Decimal()):
                raise LeaseLost

    def failed_attempt(self, attempt: Attempt, failed: AttemptFailed, *, last_seq: int) -> None:
        """One try of the LLM that brought no reply; its partial text is only in the span."""
        self.run.error_count += 1
        attributes = {"error.type": failed.error.problem.value, **given_up(attempt, failed)}
        span = self._broken_off(attempt, Status.ERROR, failed.error.words, attributes)
        with self._step({"draft_message_id": None, "draft_text": ""}, last_seq=last_seq):
            recorder.record_spans([span])

    def compaction(self, fact: SummaryReceived, attempt: Attempt) -> Compacted:
        """What the LLM made of the oldest turns; it counts from here on. Store it with `compacted`."""
        row, reply, summary = None, fact.reply, fact.summary
        cost = self._count(reply.llm_name, reply.usage)
        if summary:
            row = Compaction(
                thread_id=self.run.thread_id,
                run=self.run,
                position=self._next_position,
                turns=summary.turns,
                text=storable(summary.text),
                tokens=summary.tokens,
                llm_name=reply.llm_name[:120],
            )
        return Compacted(row, fact.up_to, compaction_span(self.run, self._provider, reply, attempt, cost, row))

    def compacted(self, made: Compacted, *, last_seq: int) -> None:
        """A summary stands for the oldest turns from here on; one that stood at its place was void."""
        with self._step(NOTHING_RESERVED, last_seq=last_seq):
            if made.row:
                assert made.up_to
                made.row.up_to_position = Run.objects.values_list("position", flat=True).get(pk=made.up_to)
                place = {"thread_id": made.row.thread_id, "up_to_position": made.row.up_to_position}
                Compaction.objects.filter(is_void=False, **place).update(is_void=True)
                made.row.save(force_insert=True)
            recorder.record_spans([made.span])
            faults.reach("before_compaction_commit")
        faults.reach("after_compaction_commit")

    def heard(self, message_id: uuid.UUID, reply: Reply, answer: Answer, attempt: Attempt) -> Heard:
        """A reply that counts from here on; store it with `replied`, or with `ended` when it is the last one."""
        self.run.turn += 1
        return Heard(message_id, reply, answer, attempt, self._count(reply.llm_name, reply.usage))

    def recalled(self, found: Recollection, timer: Timer, *, last_seq: int) -> Recollection:
        """What the run is reminded of, counted once; those that are still there."""
        run = self.run
        with self._step({}, last_seq=last_seq):
            memories = keep_uses(found.memories, run_id=run.id, user_id=run.user_id) if run.user_id else []
            procedures.keep_uses(found.procedures, run_id=run.id, user_id=run.user_id)
            kept = Recollection(tuple(memories), found.procedures)
            recorder.record_spans([recall_span(run, self._question, kept, timer)])
        return kept

    def replied(self, heard: Heard, *, last_seq: int) -> None:
        """The LLM's reply, its usage and the tool calls it asked for."""
        changes = {"turn": self.run.turn, "draft_message_id": None, "draft_text": "", **NOTHING_RESERVED}
        with self._step(changes, last_seq=last_seq):
            self._keep(heard)
            faults.reach("before_reply_commit")
        faults.reach("after_reply_commit")

    def call_started(self, call: Call, timer: Timer, *, last_seq: int) -> None:
        with self._step({}, last_seq=last_seq):
            ToolCall.objects.filter(pk=call.id, status__in=OPEN_CALLS).update(
                status=CallStatus.STARTED, attempt=call.attempt, started_at=timer.started_at
            )
        faults.reach("after_tool_started")

    def call_finished(self, call: Call, result: ToolResult, timer: Timer, *, last_seq: int) -> None:
        """A tool's result, written once: a call that already has one keeps it. One of unknown outcome stays open."""
        self.run.error_count += result.is_error
        is_unknown = result.status == CallStatus.OUTCOME_UNKNOWN
        ended = {} if is_unknown else {"result": storable(result.text), "finished_at": timer.ended_at}
        with self._step({}, last_seq=last_seq):
            mine = ToolCall.objects.filter(pk=call.id, status__in=OPEN_CALLS)
            if mine.update(status=result.status, **ended) and result.whole is not None:
                Artifact.objects.create(call_id=call.id, content=storable(result.whole))
            self._open_calls -= not is_unknown
            recorder.record_spans([tool_span(self.run, call, result, timer)])
            faults.reach("before_result_commit")

    def task_given(self, given: TaskGiven, *, last_seq: int) -> Run:
        """Another agent's run begins; it is rung for after the commit."""
        with self._step({}, last_seq=last_seq):
            return children.begin(self.run, given.call.id, given.colleague, given.task)

    def handed_over(self, fact: HandedOver, *, last_seq: int) -> Handoff:
        """Another agent answers from here on; for the next questions too, where the routing says so."""
        source, now = self.run.agent_version, timezone.now()
        self.run.agent_version = AgentVersion.objects.select_related("agent").get(pk=fact.target.version_id)
        with self._step({"agent_version": self.run.agent_version}, last_seq=last_seq):
            call = ToolCall.objects.filter(pk=fact.call.id, status__in=OPEN_CALLS)
            call.update(status=fact.call.status, result=fact.call.result, started_at=now, finished_at=now)
            self._open_calls -= 1
            if Routing.model_validate(source.handoffs).next_turn == "sticky":
                Thread.objects.filter(pk=self.run.thread_id).update(active_agent=self.run.agent_version.agent)
            recorder.record_spans([handoff_span(self.run, fact.call, fact.asked, source.agent.slug)])
            return Handoff.objects.create(
                run=self.run,
                call_id=fact.call.id,
                source=source,
                target=self.run.agent_version,
                reason=storable(fact.asked.reason),
                confidence=fact.asked.confidence,
            )

    def paused(self, kind: WaitKind, told: list[Interrupt], *, last_seq: int) -> bool:
        """Let the run wait, with no worker. False if a person has decided something since its watchers were `told`, or
        has asked to stop: then it goes back to the queue instead."""
        with transaction.atomic():
            run = Run.objects.select_for_update().filter(pk=self.run.pk, epoch=self._claim.epoch).first()
            if run is None:
                raise LeaseLost
            has_tasks = run.tool_calls.filter(status=CallStatus.DELEGATED).exists()
            is_news = run.cancel_requested_at is not None or told != interrupts.of_run(run)
            waits = not is_news and bool(told or has_tasks)
            target = RunStatus.WAITING if waits else RunStatus.QUEUED
            changes = {"wait_kind": kind} if waits else {"queued_at": timezone.now()}
            if not self._mine().move(RunStatus.RUNNING, target, last_seq=last_seq, **self._totals(), **changes):
                raise LeaseLost
            self.run.status = target
            self._record_trace()
        return waits

    def broken_off(self, attempt: Attempt) -> SpanFacts:
        """The span of a call that the end of its run cuts short. It counts from here on; store it with `ended`."""
        return self._broken_off(attempt, Status.CANCELLED, "Stopped before the end.", {})

    def ended(
        self, heard: Heard | None, *, last_seq: int, interrupted: tuple[uuid.UUID, str] | None, spans: list[SpanFacts]
    ) -> uuid.UUID | None:
        """The run's one outcome, with its last reply. Calls still open get a result too, and half an answer is kept.

        Returns the run of the thread that may start now.
        """
        outcome = {name: getattr(self.run, name) for name in ("stop_reason", "error", "finished_at", "turn")}
        freed = {"draft_message_id": None, "draft_text": "", **NOTHING_RESERVED}
        with self._step(outcome | freed, to=RunStatus(self.run.status), last_seq=last_seq):
            recorder.record_spans(spans)
            if heard:
                self._keep(heard)
                keep_what_was_said(
                    self.run,
                    self._asked,
                    answer_id=heard.message_id,
                    answer=storable(heard.reply.text),
                    said_before=self._said_before,
                )
                faults.reach("before_reply_commit")
            if interrupted:
                self._message(*interrupted, is_interrupted=True)
            if self._open_calls:
                close_open_calls(self.run)
            following = next_in_line(self.run.thread_id)
            faults.reach("before_finish")
        if heard:
            faults.reach("after_reply_commit")
        return following

    @contextmanager
    def _step(self, changes: dict[str, Any], *, last_seq: int, to: RunStatus | None = None) -> Iterator[None]:
        """A transaction that holds only while the run is ours; the trace is brought up to date with it."""
        changes = changes | self._totals() | {"last_seq": last_seq}
        with transaction.atomic():
            mine = self._mine()
            if not (mine.move(RunStatus.RUNNING, to, **changes) if to else mine.update(**changes)):
                raise LeaseLost
            for used, cost in self._spent:
                budgets.spend(self.run.user_id, used, cost)
            yield
            self._record_trace()
        self._spent.clear()

    def _mine(self) -> RunQuerySet:
        return Run.objects.filter(pk=self.run.pk, epoch=self._claim.epoch, status=RunStatus.RUNNING)

    def _totals(self) -> dict[str, Any]:
        self.run.active_ms = self._active_before + round((time.monotonic() - self._claim.claimed_at) * 1000)
        return {name: getattr(self.run, name) for name in TOTALS}

    def _keep(self, heard: Heard) -> None:
        message = self._message(heard.message_id, heard.reply.text, is_superseded=bool(heard.answer.complaint))
        if heard.answer.calls:
            self._ask_for(message, heard.answer.calls)
        span = llm_span(self.run, self._provider, heard.reply, heard.answer, heard.attempt, heard.cost)
        recorder.record_spans([span])

    def _ask_for(self, message: Message, calls: list[Call]) -> None:
        rows = ToolCall.objects.bulk_create(_call_row(message, place, call) for place, call in enumerate(calls))
        approvals.ask((row, call.policy) for row, call in zip(rows, calls, strict=True) if call.policy)
        self._calls_made += len(calls)
        self._open_calls += len(calls)

    def _record_trace(self) -> None:
        record_trace(self.run, self._question, answer=self._answer, tool_calls=self._calls_made)

    def _message(
        self, message_id: uuid.UUID, text: str, *, is_interrupted: bool = False, is_superseded: bool = False
    ) -> Message:
        message = Message.objects.create(
            id=message_id,
            run=self.run,
            position=self._next_position,
            role=Role.ASSISTANT,
            text=storable(text),
            is_interrupted=is_interrupted,
            is_superseded=is_superseded,
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
        if has_cost:
            self._spent.append((usage.input + usage.output, cost or Decimal()))
        return cost

    def _broken_off(self, attempt: Attempt, status: Status, error: str, attributes: dict[str, Any]) -> SpanFacts:
        """A call without a reply. One that had begun to answer has cost something: its tokens are estimated."""
        said = attempt.partial_text
        usage = tokens.estimated(attempt.request.messages, [said], attempt.llm_name) if said else Usage()
        cost = self._count(attempt.llm_name, usage)
        return broken_off_span(self.run, self._provider, attempt, status, error, usage, cost, attributes)


NOTHING_RESERVED: dict[str, Any] = {"reserved_tokens": 0, "reserved_cost": 0}
TOTALS = (
    "llm_calls", "error_count", "input_tokens", "output_tokens", "cached_tokens", "cost", "first_token_ms", "llm_name",
    "active_ms",
)  # fmt: skip


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
