"""The demo model in a team: it routes by key words, gives tasks to others, sends their work, and fills in forms."""

import asyncio
import json
from typing import Any

import pytest

from agents.llm.base import AskedCall, LLMRequest, Reply, ToolSpec
from agents.llm.demo import DemoLLM
from agents.models import Agent
from agents.output import complaint
from agents.teams import Colleague, Routing, Team, tool_name
from agents.tools.registry import all_tools

pytestmark = pytest.mark.django_db

Said = list[tuple[str, dict[str, Any], str]]


def offered(slug: str) -> list[ToolSpec]:
    """What an agent that comes with Plumbline offers its LLM."""
    version = Agent.objects.get(slug=slug).live
    routing = Routing.model_validate(version.handoffs) if version.handoffs else None
    known = {one.slug: Colleague(one.slug, one.name, one.description, one.pk, one.pk) for one in Agent.objects.all()}
    team = Team(
        children={tool_name(child): known[child] for child in version.children},
        targets={target: known[target] for target in routing.targets} if routing else {},
        routing=routing,
    )
    return [*team.specs.values(), *(all_tools()[name].spec for name in version.tools)]


def reply(question: str, tools: list[ToolSpec], said: Said | None = None, **parameters: Any) -> Reply:
    """What the demo model answers, after its calls have said that."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "Help."}, {"role": "user", "content": question}]
    for number, (name, arguments, content) in enumerate(said or []):
        asked = {"id": f"call_{number}", "function": {"name": name, "arguments": json.dumps(arguments)}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [asked]})
        messages.append({"role": "tool", "tool_call_id": f"call_{number}", "content": content})
    return asyncio.run(_last(LLMRequest("demo", messages, tools, parameters)))


async def _last(request: LLMRequest) -> Reply:
    *_, last = [piece async for piece in DemoLLM(seconds_per_word=0).stream(request)]
    assert isinstance(last, Reply)
    return last


def arguments(call: AskedCall) -> dict[str, Any]:
    return dict(json.loads(call.raw_arguments))


@pytest.fixture
def helpdesk() -> list[ToolSpec]:
    return offered("helpdesk")


@pytest.fixture
def operations() -> list[ToolSpec]:
    return offered("operations")


@pytest.mark.parametrize(
    ("question", "agent"),
    [
        ("My invoice shows the wrong price", "billing"),
        ("The app crashes when I log in", "technical"),
        ("What are your opening hours?", "general"),
    ],
)
def test_a_question_goes_to_the_specialist_whose_field_it_names(helpdesk, question, agent):
    (call,) = (reply(question, helpdesk)).calls

    asked = arguments(call)
    assert (call.name, asked["agent"]) == ("hand_off", agent)
    assert asked["confidence"] > 0.6
    assert "The question speaks of" in asked["reason"]


def test_a_question_that_names_no_field_is_not_guessed_at(helpdesk):
    (call,) = (reply("I have a question", helpdesk)).calls
    assert arguments(call)["confidence"] < 0.6

    said = [("hand_off", arguments(call), "Error: a confidence of 0.4 is below 0.6, so nothing was handed over.")]
    answer = reply("I have a question", helpdesk, said)

    assert answer.calls == ()
    assert "Which of these is it about?" in answer.text
    assert "**Billing**: Invoices, payments" in answer.text


def test_the_front_desk_answers_a_greeting_itself(helpdesk):
    answer = reply("Hello", helpdesk)

    assert answer.calls == ()
    assert "demo model" in answer.text


def test_a_specialist_looks_its_own_questions_up_and_hands_on_the_others():
    billing = offered("billing")
    handed = [("hand_off", {"agent": "billing"}, "Billing has taken over and answers from here on.")]

    (looked_up,) = (reply("My invoice is wrong.", billing, handed)).calls
    (handed_on,) = (reply("The app crashes with errors", billing)).calls

    assert looked_up.name == "search_knowledge"
    assert arguments(handed_on)["agent"] == "technical"


TASK = "Research 17 * 23 and the time in Tokyo, write a short letter and send it to ann@example.org"


def test_what_is_to_be_found_out_is_given_to_the_researcher_at_once(operations):
    calls = (reply(TASK, operations)).calls

    assert [call.name for call in calls] == ["ask_researcher", "ask_researcher"]
    assert [arguments(call)["task"] for call in calls] == ["What is 17 * 23?", "What is the time in Tokyo?"]


def test_a_task_goes_from_the_researcher_to_the_writer_to_the_mail(operations):
    task = "Research 17 * 23, write a short letter and send it to ann@example.org"
    found = ("ask_researcher", {"task": "What is 17 * 23?"}, "`17 * 23` = **391**")

    (to_writer,) = (reply(task, operations, [found])).calls
    assert to_writer.name == "ask_writer"
    assert "**391**" in arguments(to_writer)["task"]

    letter = reply(arguments(to_writer)["task"], [])
    assert letter.text.startswith("A short letter")
    written = ("ask_writer", arguments(to_writer), letter.text)
    (mail,) = (reply(task, operations, [found, written])).calls
    assert mail.name == "send_email"
    assert arguments(mail)["to"] == "ann@example.org"
    assert "391" in arguments(mail)["body"]
    all_tools()["send_email"].validated(mail.raw_arguments)

    sent = ("send_email", arguments(mail), "Sent to ann@example.org.")
    report = reply(task, operations, [found, written, sent])
    assert report.calls == ()
    assert "Sent to ann@example.org." in report.text


def test_mail_that_was_denied_is_not_tried_again(operations):
    task = "Send an e-mail to ann@example.org saying: the meeting is at ten"
    (mail,) = (reply(task, operations)).calls
    assert arguments(mail)["body"] == "the meeting is at ten"

    denied = [("send_email", arguments(mail), "Error: not run, because Alice did not allow it.")]
    report = reply(task, operations, denied)

    assert report.calls == ()
    assert "did not allow it" in report.text


def test_a_number_is_not_taken_apart(operations):
    (call,) = (reply("Research 23.5 % of 1,482.70 and write a note", operations)).calls

    assert arguments(call)["task"] == "What is 23.5 % of 1,482.70?"


def test_a_child_that_failed_stops_what_would_follow(operations):
    failed = [("ask_researcher", {"task": "x"}, "Error: Researcher was stopped.")]

    report = reply("Research 17 * 23 and write a note", operations, failed)

    assert report.calls == ()
    assert "did not get it done: Researcher was stopped." in report.text


def test_a_request_is_made_only_where_it_is_asked_for(operations):
    (call,) = (reply("Fetch https://api.example.org/status, please", operations)).calls

    assert arguments(call) == {"method": "GET", "url": "https://api.example.org/status"}
    assert (reply("Look at https://api.example.org/status", [])).calls == ()


def test_help_names_what_a_team_can_do(operations, helpdesk):
    assert "Work for several" in (reply("What can you do?", operations)).text
    assert "specialist" in (reply("What can you do?", helpdesk)).text


def test_a_form_is_filled_in_with_what_the_text_says():
    schema = Agent.objects.get(slug="data-extractor").live.output_schema
    asked = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    text = "Invoice 1042 of 3 March 2026: Ann Lee of Acme owes $1,240.50 by 2026-04-02 (ann@example.org)"

    answer = (reply(text, [], response_format=asked)).text

    assert complaint(schema, answer) == ""
    found = json.loads(answer)
    assert found["dates"] == ["2026-03-03", "2026-04-02"]
    assert found["amounts"] == [{"value": 1240.5, "currency": "USD"}]
    assert found["emails"] == ["ann@example.org"]
    assert found["facts"] == [{"name": "invoice", "value": "1042"}]
    assert found["people"] == []


@pytest.mark.parametrize(
    "question", ["", "research", "research and write and send a@b.co", "((((", "write\n\nNotes:\n"]
)
@pytest.mark.parametrize("slug", ["helpdesk", "operations", "billing", "writer"])
def test_whatever_is_typed_gets_a_call_or_an_answer(slug, question):
    answer = reply(question, offered(slug))

    assert answer.calls or answer.text
