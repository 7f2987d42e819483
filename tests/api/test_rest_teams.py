"""Agents that work for each other, as programs see them over REST: who may see tasks, and what may be done to them."""

from typing import Any

import pytest

from accounts.models import User
from agents import approvals, children
from agents.models import Agent, AgentVersion, CallStatus, Handoff, Message, Role, Run, RunStatus, ToolCall
from agents.policies import Policy
from agents.teams import Colleague
from tests.api.programs import ProgramOf, asked
from tests.drills.agents import approved_by, ledger_agent

ABOVE_ONLY: list[tuple[str, str, dict[str, Any]]] = [
    ("post", "/api/runs/{run}/retry", {}),
    ("patch", "/api/runs/{run}", {"text": "Other"}),
    ("delete", "/api/runs/{run}", {}),
    ("put", "/api/runs/{run}/feedback", {"isPositive": True}),
    ("delete", "/api/runs/{run}/feedback", {}),
]


def call_of(run: Run, name: str, **fields: Any) -> ToolCall:
    message = Message.objects.create(run=run, position=run.messages.count(), role=Role.ASSISTANT)
    return ToolCall.objects.create(run=run, message=message, position=0, name=name, raw_arguments="{}", **fields)


def version_of(slug: str) -> AgentVersion:
    live = ledger_agent(slug).live
    assert live is not None
    return live


def task_of(run: Run, slug: str, task: str = "Look it up.") -> Run:
    """A task that run has given to the agent of that name."""
    version = version_of(slug)
    colleague = Colleague(slug, slug.title(), "", version.agent_id, version.id)
    return children.begin(run, call_of(run, f"ask_{slug}").id, colleague, task)


@pytest.fixture
def run(alice: User) -> Run:
    """A question of Alice that an agent has given on as a task."""
    run = asked(alice)
    Run.objects.filter(pk=run.pk).update(status=RunStatus.WAITING, wait_kind="child")
    task_of(run, "clerk")
    return Run.objects.get(pk=run.pk)


@pytest.fixture
def task(run: Run) -> Run:
    return run.children.get()


def pending(run: Run) -> ToolCall:
    """A call of that run about which the person is asked."""
    call = call_of(run, "ledger_unsafe", status=CallStatus.AWAITING_APPROVAL)
    approvals.ask([(call, Policy.model_validate(approved_by("requester")))])
    return call


def test_a_run_names_its_tasks_and_a_task_its_run(run: Run, task: Run, alice: User, program_of: ProgramOf) -> None:
    above = program_of(alice).get(f"/api/runs/{run.id}").json()
    below = program_of(alice).get(f"/api/runs/{task.id}").json()

    (named,) = above["children"]
    assert named == {
        "id": str(task.id), "toolCallId": str(task.parent_call.id), "agent": "clerk", "status": "queued",
    }  # fmt: skip
    assert (above["parentId"], above["rootId"], above["depth"]) == (None, None, 0)
    assert (below["parentId"], below["rootId"], below["depth"]) == (str(run.id), str(run.id), 1)
    assert (below["agent"], below["question"], below["threadId"]) == ("clerk", "Look it up.", above["threadId"])
    call = program_of(alice).get(f"/api/tool-calls/{task.parent_call.id}").json()
    assert (call["childRunId"], call["status"]) == (str(task.id), "delegated")


def test_a_run_tells_who_handed_it_to_whom(run: Run, alice: User, program_of: ProgramOf) -> None:
    source, target = version_of("desk"), version_of("billing")
    call = call_of(run, "hand_off")
    Handoff.objects.create(run=run, call=call, source=source, target=target, reason="About money.", confidence=0.9)

    (handoff,) = program_of(alice).get(f"/api/runs/{run.id}").json()["handoffs"]

    assert (handoff["fromAgent"], handoff["toAgent"]) == ("desk", "billing")
    assert (handoff["reason"], handoff["confidence"]) == ("About money.", 0.9)


def test_lists_hold_what_was_asked_and_not_the_tasks_below(
    run: Run, task: Run, alice: User, program_of: ProgramOf
) -> None:
    program = program_of(alice)

    assert [one["id"] for one in program.get("/api/runs").json()["items"]] == [str(run.id)]
    assert [one["id"] for one in program.get("/api/threads").json()["items"]] == [str(run.thread_id)]
    assert program.get(f"/api/threads/{task.thread_id}").status_code == 404
    assert program.get(f"/api/runs?threadId={task.thread_id}").json()["items"] == []


@pytest.mark.parametrize("path", ["/api/runs/{run}", "/api/tool-calls/{call}"])
def test_a_task_is_read_by_whom_its_run_belongs_to_and_nobody_else(
    task: Run, alice: User, charlie: User, dana: User, program_of: ProgramOf, path: str
) -> None:
    filled = path.format(run=task.id, call=call_of(task, "ledger_read").id)

    assert program_of(alice).get(filled).status_code == 200
    assert [program_of(other).get(filled).status_code for other in (charlie, dana)] == [404, 404]


@pytest.mark.parametrize(("method", "path", "body"), ABOVE_ONLY)
def test_what_is_done_to_a_question_is_not_done_to_a_task(
    run: Run, task: Run, alice: User, program_of: ProgramOf, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = getattr(program_of(alice), method)(path.format(run=task.id), body, content_type="application/json")

    assert answer.status_code == 422
    assert str(run.id) in answer.json()["error"]
    assert Run.objects.get(pk=task.pk).status == RunStatus.QUEUED
    assert task.messages.get(role=Role.USER).text == "Look it up."


def test_a_task_is_stopped_by_whom_its_run_belongs_to(task: Run, alice: User, program_of: ProgramOf) -> None:
    answer = program_of(alice).post(f"/api/runs/{task.id}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


def test_a_task_is_not_stopped_by_a_stranger(task: Run, charlie: User, program_of: ProgramOf) -> None:
    assert program_of(charlie).post(f"/api/runs/{task.id}/cancel").status_code == 404
    assert Run.objects.get(pk=task.pk).status == RunStatus.QUEUED


def test_an_approval_of_a_task_says_where_it_comes_from(
    run: Run, task: Run, alice: User, charlie: User, program_of: ProgramOf
) -> None:
    below = task_of(task, "teller", "Pay the rent.")
    pending(below)

    (told,) = program_of(alice).get(f"/api/approvals?mine=true&runId={run.id}").json()["items"]

    assert (told["runId"], told["rootRunId"], told["mayDecide"]) == (str(below.id), str(run.id), True)
    assert told["path"] == [run.agent_version.agent.slug, "clerk", "teller", "ledger_unsafe"]
    assert program_of(charlie).get(f"/api/approvals?runId={run.id}").json()["items"] == []


def test_a_person_decides_for_a_task_and_a_stranger_does_not(
    task: Run, alice: User, charlie: User, program_of: ProgramOf
) -> None:
    call = pending(task)
    path, yes = f"/api/approvals/{call.approvals.get().id}/decision", {"verdict": "deny"}

    assert program_of(charlie).post(path, yes, "application/json").status_code == 404
    assert call.approvals.get().status == "pending"
    assert program_of(alice).post(path, yes, "application/json").json()["status"] == "denied"


def test_only_an_operator_settles_what_became_of_a_tasks_call(
    task: Run, alice: User, dana: User, program_of: ProgramOf
) -> None:
    call = call_of(task, "ledger_unsafe", status=CallStatus.OUTCOME_UNKNOWN)
    path, word = f"/api/tool-calls/{call.id}/settlement", {"word": "done"}

    assert program_of(alice).post(path, word, "application/json").status_code == 403
    assert program_of(dana).post(path, word, "application/json").json()["status"] == "succeeded"


def test_an_agent_for_other_agents_is_not_asked_directly(alice: User, program_of: ProgramOf) -> None:
    ledger_agent("inner")
    Agent.objects.filter(slug="inner").update(is_offered=False)

    assert program_of(alice).post("/api/runs", {"text": "Hi", "agent": "inner"}, "application/json").status_code == 422
