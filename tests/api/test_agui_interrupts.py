"""AG-UI's interrupts: a run that waits for a person ends its stream, and `resume` lets it go on."""

import pytest
from django.utils import timezone

from accounts.models import Scope, User
from agents.models import Approval, CallStatus, Run
from tests.api.agui_client import Client
from tests.api.streams import Event, Stream, assert_strict
from tests.drills.agents import approved_by, ledger_agent
from tests.drills.ledger.book import executions
from tests.llm import ScriptedLLM, call
from tests.stack import Stack


@pytest.fixture
def careful(live_stack: Stack, alice: User) -> Client:
    """Talks to an agent that asks the person before it pays anybody."""
    ledger_agent("careful", approvals={"ledger_unsafe": approved_by("requester")})
    return Client(live_stack, alice, agent="careful")


def interrupts_of(stream: Stream) -> list[Event]:
    return list(stream.rest()[-1]["outcome"]["interrupts"])


def paused(client: Client, llm: ScriptedLLM, **arguments: str) -> tuple[Stream, Event]:
    """A stream that has ended with one open approval."""
    llm.asks(call("ledger_unsafe", **({"note": "Ann"} | arguments)), text="I shall pay.")
    stream = client.run("Pay Ann", run="first")
    (interrupt,) = interrupts_of(stream)
    return stream, interrupt


def test_a_call_that_waits_for_a_person_ends_the_stream_with_an_interrupt(careful: Client, llm: ScriptedLLM) -> None:
    stream, interrupt = paused(careful, llm)

    assert_strict(stream.events)
    assert (interrupt["reason"], interrupt["metadata"]["tool"]) == ("tool_call", "ledger_unsafe")
    started = next(event for event in stream.events if event["type"] == "TOOL_CALL_START")
    assert interrupt["toolCallId"] == started["toolCallId"]
    assert "TOOL_CALL_RESULT" not in stream.kinds()


def test_an_approval_lets_it_go_on_and_only_what_is_new_is_told(careful: Client, llm: ScriptedLLM) -> None:
    before, interrupt = paused(careful, llm)
    llm.reply("Paid.")

    after = careful.answer(interrupt, approved=True)
    after.rest()

    assert_strict(after.events, known_calls={interrupt["toolCallId"]})
    assert after.text() == "Paid."
    assert "TOOL_CALL_START" not in after.kinds()
    results = [event["toolCallId"] for event in after.events if event["type"] == "TOOL_CALL_RESULT"]
    assert results == [interrupt["toolCallId"]]
    run = Run.objects.get(pk=before.events[0]["metadata"]["runId"])
    assert [done.note for done in executions(run.id)] == ["Ann"]
    assert (after.events[0]["runId"], after.events[0]["metadata"]["runId"]) != ("first", None)


def test_other_arguments_take_the_place_of_the_ones_asked_for(careful: Client, llm: ScriptedLLM) -> None:
    before, interrupt = paused(careful, llm)
    llm.reply("Paid.")

    careful.answer(interrupt, approved=True, arguments={"note": "Bea"}).rest()

    assert [done.note for done in executions(before.events[0]["metadata"]["runId"])] == ["Bea"]


def test_what_is_denied_is_not_done_and_the_agent_hears_why(careful: Client, llm: ScriptedLLM) -> None:
    before, interrupt = paused(careful, llm)
    llm.reply("Then not.")

    after = careful.answer(interrupt, approved=False, comment="Too much")
    after.rest()

    assert after.text() == "Then not."
    assert executions(before.events[0]["metadata"]["runId"]) == []
    assert "Too much" in str(llm.requests[-1].body["messages"][-1])


def test_an_interrupt_that_is_cancelled_is_denied(careful: Client, llm: ScriptedLLM) -> None:
    before, interrupt = paused(careful, llm)
    llm.reply("Then not.")

    careful.run(resume=[{"interruptId": interrupt["id"], "status": "cancelled"}]).rest()

    assert executions(before.events[0]["metadata"]["runId"]) == []


def test_an_interrupt_nobody_answered_in_time_is_passed_by_cancelling_it(
    careful: Client, llm: ScriptedLLM, live_stack: Stack
) -> None:
    before, interrupt = paused(careful, llm)
    llm.reply("Then not.")
    Approval.objects.filter(pk=interrupt["id"]).update(expires_at=timezone.now())
    live_stack.until(lambda: Approval.objects.get(pk=interrupt["id"]).status == "expired", "it expires")

    late = careful.answer(interrupt, approved=True).refusal
    after = careful.run(resume=[{"interruptId": interrupt["id"], "status": "cancelled"}])
    after.rest()

    assert late[0] == 409
    assert after.text() == "Then not."
    assert executions(before.events[0]["metadata"]["runId"]) == []


def test_the_same_answer_again_tells_the_same_again(careful: Client, llm: ScriptedLLM) -> None:
    before, interrupt = paused(careful, llm)
    llm.reply("Paid.")
    first = careful.answer(interrupt, approved=True)
    first.rest()

    again = careful.answer(interrupt, approved=True)
    again.rest()

    assert_strict(again.events, known_calls={interrupt["toolCallId"]})
    assert (again.text(), len(executions(before.events[0]["metadata"]["runId"]))) == ("Paid.", 1)


def test_the_other_answer_comes_too_late(careful: Client, llm: ScriptedLLM) -> None:
    _, interrupt = paused(careful, llm)
    llm.reply("Paid.")
    careful.answer(interrupt, approved=True).rest()

    status, words = careful.answer(interrupt, approved=False).refusal

    assert status == 409
    assert words


def test_all_open_interrupts_are_answered_at_once(careful: Client, llm: ScriptedLLM) -> None:
    llm.asks(call("ledger_unsafe", note="Ann"), call("ledger_unsafe", note="Bea"))
    first, second = interrupts_of(careful.run("Pay both"))

    status, words = careful.answer(first, approved=True).refusal
    assert status == 422
    assert second["id"] in words
    assert Approval.objects.get(pk=first["id"]).status == "pending"

    llm.reply("Paid one.")
    both = [
        {"interruptId": first["id"], "status": "resolved", "payload": {"approved": True}},
        {"interruptId": second["id"], "status": "cancelled"},
    ]
    careful.run(resume=both).rest()
    run = Approval.objects.get(pk=first["id"]).run
    assert sorted(run.tool_calls.values_list("status", flat=True)) == [CallStatus.DENIED, CallStatus.SUCCEEDED]


def test_a_new_question_waits_until_the_interrupt_is_answered(careful: Client, llm: ScriptedLLM) -> None:
    paused(careful, llm)

    status, words = careful.run("Something else").refusal

    assert status == 409
    assert "interrupts" in words


@pytest.mark.parametrize("payload", [None, "yes", {}, {"approved": "yes"}, {"approved": True, "comment": 7}])
def test_an_answer_that_makes_no_sense_decides_nothing(careful: Client, llm: ScriptedLLM, payload: object) -> None:
    _, interrupt = paused(careful, llm)

    entry = {"interruptId": interrupt["id"], "status": "resolved", "payload": payload}
    assert careful.run(resume=[entry]).refusal[0] == 422
    assert Approval.objects.get(pk=interrupt["id"]).status == "pending"


def test_arguments_the_tool_does_not_take_decide_nothing(careful: Client, llm: ScriptedLLM) -> None:
    _, interrupt = paused(careful, llm)

    status, words = careful.answer(interrupt, approved=True, arguments={"amount": 5}).refusal

    assert status == 422
    assert "arguments" in words
    assert Approval.objects.get(pk=interrupt["id"]).status == "pending"


def test_a_token_without_the_scope_answers_no_interrupt(
    careful: Client, llm: ScriptedLLM, live_stack: Stack, alice: User
) -> None:
    _, interrupt = paused(careful, llm)
    lesser = Client(live_stack, alice, Scope.READ, Scope.RUN, thread=careful.thread, agent="careful")

    assert lesser.answer(interrupt, approved=True).refusal[0] == 403
    assert Approval.objects.get(pk=interrupt["id"]).status == "pending"


def test_a_stranger_answers_no_interrupt(careful: Client, llm: ScriptedLLM, live_stack: Stack, charlie: User) -> None:
    _, interrupt = paused(careful, llm)
    stranger = Client(live_stack, charlie, thread=careful.thread, agent="careful")

    assert stranger.answer(interrupt, approved=True).refusal[0] == 404
    assert Approval.objects.get(pk=interrupt["id"]).status == "pending"


def test_the_requester_does_not_decide_what_an_operator_is_asked(
    llm: ScriptedLLM, live_stack: Stack, alice: User
) -> None:
    ledger_agent("guarded", approvals={"ledger_unsafe": approved_by("staff")})
    client = Client(live_stack, alice, agent="guarded")
    _, interrupt = paused(client, llm)

    status, words = client.answer(interrupt, approved=True).refusal

    assert status == 403
    assert "not yours to decide" in words
