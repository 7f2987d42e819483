"""An agent that declares the form of its answer gives one of that form, or says that it could not."""

import json

import pytest

from agents import output
from agents.models import RunStatus, StopReason
from tests.agents.running import at_rest, started
from tests.drills.agents import ledger_agent
from tests.fold import View

SCHEMA = {
    "type": "object",
    "properties": {"sum": {"type": "number"}},
    "required": ["sum"],
    "additionalProperties": False,
}
GOOD = '{"sum": 42}'


@pytest.fixture
def clerk(rows):
    return ledger_agent("clerk", output_schema=SCHEMA)


def test_the_form_is_asked_for_and_a_good_answer_is_the_answer(live_stack, llm, alice, clerk):
    llm.reply(GOOD)

    run = at_rest(live_stack, started(clerk, alice))

    assert run.status == RunStatus.COMPLETED
    (request,) = llm.requests
    _, _, schema = request.messages[0]["content"].partition("nothing else: ")
    assert json.loads(schema) == SCHEMA
    assert request.body["response_format"]["json_schema"]["schema"] == SCHEMA


def test_a_bad_answer_goes_back_with_what_is_wrong_and_leaves_the_page(live_stack, socket_of, llm, alice, clerk):
    llm.reply("It is 42.")
    llm.reply('{"sum": "42"}')
    llm.reply(GOOD)
    socket = socket_of(alice)
    ack = socket.ask("What is it?", agent=clerk.slug)

    socket.end(ack["runId"])

    assert socket.view.run(ack["runId"]).answer == GOOD
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting
    first, second = (request.messages[-1]["content"] for request in llm.requests[1:])
    assert "not JSON" in first
    assert "'42' is not of type 'number'" in second


def test_after_two_corrections_the_run_fails_and_shows_what_came(live_stack, llm, alice, clerk):
    for text in ("no", "never", "not at all"):
        llm.reply(text)

    run = at_rest(live_stack, started(clerk, alice))

    assert (run.status, run.stop_reason) == (RunStatus.FAILED, StopReason.INVALID_OUTPUT)
    assert "agreed form" in run.error
    assert list(run.messages.filter(is_superseded=False, role="assistant").values_list("text", flat=True)) == [
        "not at all"
    ]


def test_a_fence_around_the_json_is_no_reason_to_complain():
    assert output.complaint(SCHEMA, f"```json\n{GOOD}\n```\n") == ""


@pytest.mark.parametrize("schema", [{"type": "objet"}, {"properties": 5}, 7])
def test_a_schema_that_is_none_is_told(schema):
    assert output.problem_of_schema(schema)


def test_an_agent_may_leave_the_request_for_the_form_out(live_stack, llm, alice):
    agent = ledger_agent("plain-clerk", output_schema=SCHEMA, parameters={"response_format": None})
    llm.reply(GOOD)

    at_rest(live_stack, started(agent, alice))

    assert "response_format" not in llm.requests[0].body
