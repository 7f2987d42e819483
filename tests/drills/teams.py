"""What must hold of agents that work for each other, in any drill: each task is one run, and everything counts once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from agents.models import CallStatus, Role, Run, RunStatus, ToolCall

TAKEN_IN = (CallStatus.SUCCEEDED, CallStatus.FAILED)


@dataclass(frozen=True)
class Used:
    """LLM calls, tokens in and out, cost (None: a price is not known)."""

    calls: int = 0
    into: int = 0
    out: int = 0
    cost: Decimal | None = Decimal()

    @classmethod
    def by(cls, run: Run) -> "Used":
        """As the run itself says, with what it took in from the tasks it gave."""
        return cls(run.llm_calls, run.input_tokens, run.output_tokens, run.cost)

    def __add__(self, other: "Used") -> "Used":
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        return Used(self.calls + other.calls, self.into + other.into, self.out + other.out, cost)

    def __sub__(self, other: "Used") -> "Used":
        cost = None if self.cost is None or other.cost is None else self.cost - other.cost
        return Used(self.calls - other.calls, self.into - other.into, self.out - other.out, cost)


def team_of(root: Run) -> list[Run]:
    """A run and all that work for it, however deep."""
    return [root, *Run.objects.filter(root=root).order_by("depth", "pk")]


def used_by(runs: Iterable[Run]) -> Used:
    """What these runs used themselves: what one took in from another is counted with that other alone."""
    return sum((Used.by(run) - _taken_in(run) for run in runs), Used())


def tasks_amiss(run: Run) -> Iterator[str]:
    """What is wrong with the tasks a run gave, in words."""
    given = list(run.tool_calls.filter(child__isnull=False).select_related("child"))
    known = {call.child_id for call in given}
    yield from (f"{one} works for a call of run {run.id} that has another run" for one in _children(run) - known)
    if len(known) < len(given):
        yield f"two calls of run {run.id} are one task"
    for call in given:
        yield from _task_amiss(run, call)


def _task_amiss(run: Run, call: ToolCall) -> Iterator[str]:
    child = call.child
    assert child is not None
    if (child.root_id, child.depth) != (run.root_id or run.id, run.depth + 1):
        yield f"the task {child.id} stands in another place than its parent says"
    if call.status == CallStatus.SUCCEEDED and (child.status != RunStatus.COMPLETED or call.result != _answer(child)):
        yield f"the result of {call} is not the answer of {child.id} ({child.status})"
    if call.status == CallStatus.FAILED and child.status == RunStatus.COMPLETED:
        yield f"{call} is said to have failed, but {child.id} is completed"
    if run.status == RunStatus.COMPLETED and call.status not in TAKEN_IN:
        yield f"run {run.id} is completed, and its task {child.id} was never taken in ({call.status})"


def _children(run: Run) -> set[object]:
    return set(Run.objects.filter(parent=run).values_list("pk", flat=True))


def _taken_in(run: Run) -> Used:
    calls = run.tool_calls.filter(child__isnull=False, status__in=TAKEN_IN).select_related("child")
    return sum((Used.by(call.child) for call in calls if call.child), Used())


def _answer(child: Run) -> str:
    said = child.messages.filter(role=Role.ASSISTANT, is_superseded=False).order_by("position")
    return said.values_list("text", flat=True).last() or ""
