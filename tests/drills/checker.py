"""What must hold after any drill, whatever was killed, cut or rung twice: docs/drills.md says it in words."""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Sum

from accounts.models import User
from agents.models import (
    FINISHED,
    OPEN_APPROVALS,
    OPEN_CALLS,
    ApprovalStatus,
    CallStatus,
    DailyUsage,
    Effect,
    Message,
    Role,
    Run,
    RunStatus,
    Settlement,
    ToolCall,
)
from agents.teams import HAND_OFF
from observability.models import Span, Trace
from observability.names import Kind, Status
from tests.drills.ledger.book import Execution, executions
from tests.drills.teams import Used, tasks_amiss, team_of, used_by


class Wrong(StrEnum):
    LOST = "lost"
    DUPLICATED = "duplicated"
    STUCK = "stuck"
    FORBIDDEN = "forbidden"
    UNBALANCED = "unbalanced"
    MISCOUNTED = "miscounted"
    DIFFERENT = "different"
    MISLED = "misled"  # of an agent about the work of another


@dataclass(frozen=True)
class Problem:
    wrong: Wrong
    words: str


def problems_of(thread_id: uuid.UUID | str, accepted: list[str]) -> list[Problem]:
    """What is wrong with a thread in which these questions were accepted, in this order, and all is over."""
    runs = list(Run.objects.filter(thread=thread_id).shown().order_by("position"))
    found = list(_questions(runs, accepted))
    for run in runs:
        found += problems_so_far(run)
        found += [problem for member in team_of(run) for problem in _outcome(member)]
    return found


def problems_so_far(run: Run) -> list[Problem]:
    """What is wrong with a run that may be under way, and those at work for it: what must hold after every step."""
    return [*(problem for member in team_of(run) for problem in _steps(member)), *_counts(run)]


def _steps(run: Run) -> Iterator[Problem]:
    calls = list(run.tool_calls.prefetch_related("approvals", "settlements"))
    yield from [*_answers(run), *_balance(run, calls), *_effects(run, calls)]
    yield from (Problem(Wrong.MISLED, words) for words in tasks_amiss(run))


def problems_of_person(user: User) -> list[Problem]:
    """What is wrong with the ledger of what a person used: every token and every cent stands in it once."""
    own = used_by(Run.objects.filter(user=user))
    days = DailyUsage.objects.filter(user=user).aggregate(tokens=Sum("tokens"), cost=Sum("cost"))
    used = (own.into + own.out, own.cost or Decimal())
    booked = (days["tokens"] or 0, days["cost"] or Decimal())
    return [] if used == booked else [Problem(Wrong.MISCOUNTED, f"{user} used {used}, but {booked} is booked")]


def problems_of_stream(run: Run, events: Iterable[dict[str, Any]]) -> list[Problem]:
    """What is wrong with the events one client saw of a run that is over: it ends once, and once only."""
    ends = {
        (event["metadata"]["epoch"], event["metadata"]["seq"])
        for event in events
        if event["metadata"]["runId"] == str(run.id) and is_end(event)
    }
    if len(ends) == 1:
        return []
    return [Problem(Wrong.DUPLICATED if ends else Wrong.LOST, f"run {run.id} was told to end {len(ends)} times")]


def is_end(event: dict[str, Any]) -> bool:
    """Whether an event ends its run for good; an interrupt only lets it wait."""
    if event["type"] == "RUN_ERROR":
        return True
    return event["type"] == "RUN_FINISHED" and event["outcome"]["type"] != "interrupt"


def _questions(runs: list[Run], accepted: list[str]) -> Iterator[Problem]:
    """C1: each accepted message is there exactly once, in order."""
    asked = Message.objects.filter(run__in=runs, role=Role.USER).order_by("run__position", "position")
    kept = list(asked.values_list("text", flat=True))
    missing, extra = Counter(accepted) - Counter(kept), Counter(kept) - Counter(accepted)
    yield from (Problem(Wrong.LOST, f"the message {text!r}") for text in missing)
    yield from (Problem(Wrong.DUPLICATED, f"the message {text!r}") for text in extra)
    if kept != accepted and not missing and not extra:
        yield Problem(Wrong.DIFFERENT, f"the order of the messages: {kept}")


def _outcome(run: Run) -> Iterator[Problem]:
    """C2: the run has come to its one end, and holds nothing any more."""
    if run.status not in FINISHED:
        yield Problem(Wrong.STUCK, f"run {run.id} is {run.status} {run.wait_kind} (epoch {run.epoch})")
    elif run.finished_at is None or run.lease_owner or run.draft_text or run.reserved_tokens or run.reserved_cost:
        yield Problem(Wrong.STUCK, f"run {run.id} is over and still holds something")
    elif run.status != RunStatus.DEAD and (asked := run.approvals.filter(status__in=OPEN_APPROVALS).count()):
        yield Problem(Wrong.STUCK, f"run {run.id} is over, and people are asked {asked} things about it")


def _answers(run: Run) -> Iterator[Problem]:
    """C3: at most one final answer; a completed run has exactly one."""
    said = run.messages.filter(role=Role.ASSISTANT, is_superseded=False, is_interrupted=False, tool_calls=None)
    count = said.count()
    if count > 1:
        yield Problem(Wrong.DUPLICATED, f"run {run.id} has {count} answers")
    if run.status == RunStatus.COMPLETED and not count:
        yield Problem(Wrong.LOST, f"run {run.id} is completed without an answer")


def _balance(run: Run, calls: list[ToolCall]) -> Iterator[Problem]:
    """C4: each call has its one result."""
    for call in calls:
        if run.is_finished and (call.status in OPEN_CALLS or not call.result) and run.status != RunStatus.DEAD:
            yield Problem(Wrong.UNBALANCED, f"call {call.id} of run {run.id} has no result ({call.status})")


def _effects(run: Run, calls: list[ToolCall]) -> Iterator[Problem]:
    """C4: what was really done is what the promise allows, and nothing that is said to be done was not."""
    done: dict[str, list[Execution]] = {}
    for execution in executions(run.id):
        done.setdefault(execution.key, []).append(execution)
    for call in calls:
        yield from _of_call(call, done.pop(str(call.idempotency_key), []))
    for key in done:
        yield Problem(Wrong.FORBIDDEN, f"something was done under the key {key}, which no call of run {run.id} has")


def _of_call(call: ToolCall, done: list[Execution]) -> Iterator[Problem]:
    times, settlements = len(done), list(call.settlements.all())
    again = sum(settlement.word == Settlement.Word.RETRY for settlement in settlements)
    if times > call.attempt:
        yield Problem(Wrong.FORBIDDEN, f"{call} ran {times} times and was started {call.attempt} times ({call.id})")
    if call.effect == Effect.UNSAFE and times > 1 + again:
        yield Problem(Wrong.DUPLICATED, f"the unsafe {call} ran {times} times ({call.id})")
    said_done = any(settlement.word == Settlement.Word.DONE for settlement in settlements)
    is_ours = bool(call.child_id) or call.name == HAND_OFF  # nothing of it stands in the ledger
    if call.status == CallStatus.SUCCEEDED and not times and not said_done and not is_ours:
        yield Problem(Wrong.LOST, f"{call} is said to have succeeded and never ran ({call.id})")
    approvals = list(call.approvals.all())
    if times and any(approval.status != ApprovalStatus.APPROVED for approval in approvals):
        yield Problem(Wrong.FORBIDDEN, f"{call} ran without approval ({call.id})")
    if len({execution.note for execution in done}) > 1:
        yield Problem(Wrong.DIFFERENT, f"{call} ran with different arguments under one key ({call.id})")


def _counts(run: Run) -> Iterator[Problem]:
    """C5: usage and cost stand once: the spans of a trace say what its run and those at work for it used themselves."""
    team, spans = team_of(run), list(Span.objects.filter(trace=run.id, kind=Kind.LLM))
    costs = [span.cost for span in spans]
    of_spans = Used(
        len(spans),
        sum(span.input_tokens for span in spans),
        sum(span.output_tokens for span in spans),
        None if None in costs else sum((cost for cost in costs if cost is not None), Decimal()),
    )
    if (own := used_by(team)) != of_spans:
        yield Problem(Wrong.MISCOUNTED, f"run {run.id} and its tasks used {own}, its spans say {of_spans}")
    trace = Trace.objects.filter(pk=run.id).first()
    if trace is None:
        yield Problem(Wrong.LOST, f"the trace of run {run.id}")
    elif run.is_finished and _used_in(trace) != Used.by(run):
        yield Problem(Wrong.MISCOUNTED, f"run {run.id} says {Used.by(run)}, its trace something else")
    replies = Message.objects.filter(run__in=team, role=Role.ASSISTANT, is_interrupted=False).count()
    answered = [span for span in spans if span.status == Status.OK and span.name != "compaction"]
    if replies != len(answered):
        yield Problem(Wrong.MISCOUNTED, f"run {run.id} and its tasks have {replies} replies and other spans")


def _used_in(trace: Trace) -> Used:
    return Used(trace.llm_calls, trace.input_tokens, trace.output_tokens, trace.cost)
