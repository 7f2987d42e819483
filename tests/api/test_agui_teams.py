"""Agents that give tasks to others, as an AG-UI client hears of them: subagents inside its one run."""

from typing import Any

import pytest

from accounts.models import User
from agents import actions
from agents.models import Approval, CallStatus, Run, RunStatus
from tests.api.agui_client import Client
from tests.api.streams import Event, Stream, assert_strict, of_type
from tests.drills.agents import approved_by, ledger_agent
from tests.drills.ledger.book import executions, open_gate
from tests.drills.talk import let_leases_run_out
from tests.llm import ScriptedLLM, call
from tests.llm.script import Script
from tests.stack import Stack

ASKS = {"ledger_unsafe": approved_by("requester")}


@pytest.fixture
def client(live_stack: Stack, alice: User) -> Client:
    """Talks to a manager who may ask a reader and a payer; the payer asks before paying."""
    ledger_agent("clerk", tools=["ledger_read"])
    ledger_agent("teller", tools=["ledger_unsafe"], approvals=ASKS)
    ledger_agent("head", tools=["ledger_unsafe"], approvals=ASKS, children=["clerk", "teller"])
    return Client(live_stack, alice, agent="head")


def of_subagents(events: list[Event], *kinds: str) -> list[Event]:
    return [event for event in events if event["type"] in (kinds or SUBAGENT_KINDS)]


SUBAGENT_KINDS = ("SUBAGENT_STARTED", "SUBAGENT_FINISHED", "SUBAGENT_ERROR")


def text_of(events: list[Event], subagent: str | None) -> str:
    texts = [event for event in events if event["type"] == "TEXT_MESSAGE_CONTENT"]
    return "".join(event["delta"] for event in texts if event.get("subagentRunId") == subagent)


def asked_in(stream: Stream) -> list[Event]:
    stream.rest()
    outcome = stream.events[-1]["outcome"]
    assert outcome["type"] == "interrupt", stream.events[-1]
    return list(outcome["interrupts"])


def paused(client: Client, llm: ScriptedLLM, *, run: str = "first") -> tuple[Stream, Event]:
    """A stream that has ended because the teller asks whether to pay."""
    llm.asks(call("ask_teller", task="Pay the rent."))
    llm.asks(call("ledger_unsafe", note="rent"))
    stream = client.run("Pay the rent", run=run)
    (interrupt,) = asked_in(stream)
    return stream, interrupt


def test_a_task_is_told_as_a_subagent(client: Client, llm: ScriptedLLM) -> None:
    llm.asks(call("ask_clerk", task="Look it up."))
    llm.asks(call("ledger_read", note="balance"), text="I look.")
    llm.reply("It is 5.")
    llm.reply("You have 5.")

    stream = client.run("How much?")
    stream.rest()

    assert_strict(stream.events)
    begun, done = of_subagents(stream.events)
    child = Run.objects.get(pk=begun["subagentRunId"])
    assert (begun["name"], begun["parentToolCallId"]) == ("clerk", str(child.parent_call.id))
    assert done["outcome"] == {"type": "success"}
    assert text_of(stream.events, str(child.id)) == "I look.It is 5."
    assert text_of(stream.events, None) == "You have 5."
    assert stream.events[-1]["outcome"] == {"type": "success"}


def test_a_team_that_has_ended_is_told_alike_to_who_asks_again(client: Client, llm: ScriptedLLM) -> None:
    llm.asks(call("ask_clerk", task="Look it up."))
    llm.reply("It is 5.")
    llm.reply("You have 5.")
    first = client.run("How much?", run="once")
    first.rest()

    again = client.run("How much?", run="once")
    again.rest()

    assert_strict(again.events)
    (begun, _) = of_subagents(again.events)
    assert text_of(again.events, begun["subagentRunId"]) == "It is 5."
    kinds = again.kinds()
    assert kinds.index("SUBAGENT_FINISHED") < kinds.index("TOOL_CALL_RESULT")


def test_two_agents_down_the_way_up_is_told(live_stack: Stack, alice: User, llm: ScriptedLLM) -> None:
    ledger_agent("third", tools=[])
    ledger_agent("second", tools=[], children=["third"])
    ledger_agent("upmost", tools=[], children=["second"])
    llm.asks(call("ask_second", task="Go on."))
    llm.asks(call("ask_third", task="Go on."))
    for text in ("three", "two", "one"):
        llm.reply(text)

    stream = Client(live_stack, alice, agent="upmost").run("Go")
    stream.rest()

    assert_strict(stream.events)
    second, third = of_subagents(stream.events, "SUBAGENT_STARTED")
    assert "parentSubagentRunId" not in second
    assert third["parentSubagentRunId"] == second["subagentRunId"]
    assert [text_of(stream.events, one) for one in (third["subagentRunId"], second["subagentRunId"], None)] == [
        "three", "two", "one",
    ]  # fmt: skip


def test_a_task_that_fails_is_an_error_of_the_subagent_alone(client: Client, llm: ScriptedLLM) -> None:
    llm.asks(call("ask_clerk", task="Look it up."))
    llm.fails(401)
    llm.reply("I could not look it up.")

    stream = client.run("How much?")
    stream.rest()

    assert_strict(stream.events)
    _, error = of_subagents(stream.events)
    assert (error["type"], error["code"]) == ("SUBAGENT_ERROR", "llm_error")
    assert stream.events[-1]["outcome"] == {"type": "success"}


def test_a_task_that_waits_for_a_person_ends_the_stream_with_its_interrupt(client: Client, llm: ScriptedLLM) -> None:
    stream, interrupt = paused(client, llm)

    assert_strict(stream.events)
    begun, suspended = of_subagents(stream.events)
    assert suspended["outcome"] == {"type": "suspended", "interruptIds": [interrupt["id"]]}
    assert interrupt["subagentRunId"] == begun["subagentRunId"]
    assert (interrupt["metadata"]["tool"], interrupt["metadata"]["kind"]) == ("ledger_unsafe", "approval")


def test_the_answer_lets_the_whole_team_go_on_and_only_what_is_new_is_told(client: Client, llm: ScriptedLLM) -> None:
    before, interrupt = paused(client, llm)
    llm.reply("Paid.")
    llm.reply("The rent is paid.")

    after = client.answer(interrupt, approved=True)
    after.rest()

    known = {event["toolCallId"] for event in before.events if event["type"] == "TOOL_CALL_START"}
    assert_strict(after.events, known_calls=known)
    child = interrupt["subagentRunId"]
    begun, done = of_subagents(after.events)
    assert (begun["subagentRunId"], done["outcome"]) == (child, {"type": "success"})
    assert (text_of(after.events, child), text_of(after.events, None)) == ("Paid.", "The rent is paid.")
    assert "TOOL_CALL_START" not in after.kinds()
    assert [done.note for done in executions(child)] == ["rent"]


def test_what_is_denied_below_is_not_done(client: Client, llm: ScriptedLLM) -> None:
    _, interrupt = paused(client, llm)
    llm.reply("Not paid.")
    llm.reply("It was not paid.")

    after = client.answer(interrupt, approved=False)
    after.rest()

    assert executions(interrupt["subagentRunId"]) == []
    assert text_of(after.events, None) == "It was not paid."


def test_all_open_interrupts_of_a_team_are_told_and_answered_at_once(client: Client, llm: ScriptedLLM) -> None:
    llm.asks(call("ledger_unsafe", note="own"), call("ask_teller", task="Pay the rent."))
    llm.asks(call("ledger_unsafe", note="rent"))
    stream = client.run("Pay both")
    own, below = asked_in(stream)
    assert_strict(stream.events)
    assert ("subagentRunId" in own, "subagentRunId" in below) == (False, True)

    status, words = client.answer(below, approved=True).refusal
    assert (status, own["id"] in words) == (422, True)
    assert Approval.objects.get(pk=below["id"]).status == "pending"

    llm.reply("Paid.")
    llm.reply("Both are paid.")
    yes: dict[str, Any] = {"status": "resolved", "payload": {"approved": True}}
    client.run(resume=[{"interruptId": one["id"], **yes} for one in (own, below)]).rest()
    root = Approval.objects.get(pk=own["id"]).run
    assert [len(executions(one)) for one in (root.id, below["subagentRunId"])] == [1, 1]


def test_the_stream_goes_on_while_somebody_is_still_at_work(
    client: Client, llm: ScriptedLLM, live_stack: Stack, alice: User
) -> None:
    llm.otherwise = _TellerAndClerk()
    stream = client.run("Do both")
    live_stack.until(
        lambda: Approval.objects.filter(run__root__user=alice, status="pending").exists(), "the teller asks"
    )
    stream.until(lambda event: event.get("name") == "tool.status" and event["value"]["status"] == "started")

    open_gate("agui-team")
    (interrupt,) = asked_in(stream)

    assert_strict(stream.events)
    ends = [(event["type"], event["outcome"]["type"]) for event in of_subagents(stream.events) if "outcome" in event]
    assert ends == [("SUBAGENT_FINISHED", "success"), ("SUBAGENT_FINISHED", "suspended")]
    assert interrupt["metadata"]["arguments"] == '{"note": "rent"}'


class _TellerAndClerk:
    """An LLM whose clerk waits at a gate and whose teller asks."""

    def __call__(self, request: Any) -> Script:
        offered = [tool["function"]["name"] for tool in request.body.get("tools", [])]
        if "tool" in [message["role"] for message in request.messages]:
            return Script(text="Done.")
        if "ask_teller" in offered:
            return Script(calls=(call("ask_teller", task="Pay the rent."), call("ask_clerk", task="Look it up.")))
        if "ledger_read" in offered:
            return Script(calls=(call("ledger_read", note="balance", gate="agui-team"),))
        return Script(calls=(call("ledger_unsafe", note="rent"),))


def test_a_task_that_another_worker_takes_over_is_told_once(
    client: Client, llm: ScriptedLLM, live_stack: Stack
) -> None:
    llm.asks(call("ask_clerk", task="Count."))
    llm.reply("one two", stall_after=1)
    llm.reply("one two three")
    llm.reply("Counted.")
    stream = client.run("Count")
    stream.until(of_type("TEXT_MESSAGE_CONTENT", delta="one"))

    live_stack.workers[0].kill()
    let_leases_run_out(live_stack)
    live_stack.start_worker()
    stream.rest()

    assert_strict(stream.events)
    begun, done = of_subagents(stream.events)
    assert done["outcome"] == {"type": "success"}
    void = [event["value"]["messageId"] for event in stream.events if event.get("name") == "message.superseded"]
    valid = [event for event in stream.events if event.get("messageId") not in void]
    assert text_of(valid, begun["subagentRunId"]) == "one two three"


def test_stopping_the_run_ends_its_tasks_on_the_stream(client: Client, llm: ScriptedLLM, live_stack: Stack) -> None:
    llm.asks(call("ask_clerk", task="Look it up."))
    llm.asks(call("ledger_read", note="balance", gate="never"))
    stream = client.run("How much?")
    stream.until(lambda event: event.get("name") == "tool.status" and event["value"]["status"] == "started")

    actions.cancel_run(Run.objects.get(pk=stream.events[0]["metadata"]["runId"]))
    stream.rest()

    assert_strict(stream.events)
    assert (of_subagents(stream.events)[-1]["code"], stream.events[-1]["outcome"]["type"]) == ("cancelled", "cancelled")
    open_gate("never")


def test_a_new_question_waits_until_the_team_is_answered(client: Client, llm: ScriptedLLM) -> None:
    paused(client, llm)

    status, words = client.run("Something else").refusal

    assert (status, "interrupts" in words) == (409, True)


def test_a_stranger_answers_no_interrupt_of_a_task(
    client: Client, llm: ScriptedLLM, live_stack: Stack, charlie: User
) -> None:
    _, interrupt = paused(client, llm)
    stranger = Client(live_stack, charlie, thread=client.thread, agent="head")

    assert stranger.answer(interrupt, approved=True).refusal[0] == 404
    assert Approval.objects.get(pk=interrupt["id"]).status == "pending"


def test_the_requester_does_not_decide_what_a_task_asks_an_operator(
    live_stack: Stack, alice: User, dana: User, llm: ScriptedLLM
) -> None:
    ledger_agent("guard", tools=["ledger_unsafe"], approvals={"ledger_unsafe": approved_by("staff")})
    ledger_agent("guarding", tools=[], children=["guard"])
    client = Client(live_stack, alice, agent="guarding")
    llm.asks(call("ask_guard", task="Pay the rent."))
    llm.asks(call("ledger_unsafe", note="rent"))
    (interrupt,) = asked_in(client.run("Pay the rent"))

    assert client.answer(interrupt, approved=True).refusal[0] == 403
    call_of = Approval.objects.get(pk=interrupt["id"]).call
    assert call_of.status == CallStatus.AWAITING_APPROVAL
    assert Run.objects.get(pk=interrupt["subagentRunId"]).status == RunStatus.WAITING
