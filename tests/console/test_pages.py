"""The other pages of the console."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from agents.models import Agent, CallStatus, Message, Role, Run, RunStatus, Thread, ToolCall
from chat.models import Conversation, Feedback
from observability.recorder import FEEDBACK, Status, record_score, record_trace
from tests.observability.told import a_trace

ClientOf = Callable[[User], Client]


def tell(**changes: Any) -> None:
    record_trace(a_trace(**{"started_at": timezone.now()} | changes))


def a_conversation(owner: User) -> Conversation:
    agent = Agent.objects.get(slug="assistant")
    thread = Thread.objects.create(owner=owner, agent=agent)
    run = Run.objects.create(
        thread=thread, position=0, agent_version=agent.live, user=owner, status=RunStatus.COMPLETED
    )
    Message.objects.create(run=run, position=0, role=Role.USER, text="What is <b>2 + 2</b>?")
    asked = Message.objects.create(run=run, position=1, role=Role.ASSISTANT)
    ToolCall.objects.create(
        run=run, message=asked, position=0, name="calculator", raw_arguments='{"expression": "2 + 2"}', result="4",
        status=CallStatus.SUCCEEDED,
    )  # fmt: skip
    Message.objects.create(run=run, position=2, role=Role.ASSISTANT, text="It is 4.")
    Feedback.objects.create(run=run, author=owner, is_positive=True, comment="Right")
    return Conversation.objects.create(thread=thread, owner=owner, title="Sums")


def test_the_overview_sums_up_the_last_day(console: Client) -> None:
    tell(question="Went well", cost=Decimal("0.25"), llm_calls=1, duration_ms=1000)
    tell(question="Went wrong", status=Status.ERROR, error="The LLM was busy.", error_count=1, llm_calls=1)
    tell(question="Long ago", started_at=timezone.now() - timedelta(days=2), cost=Decimal(1000))

    page = console.get("/admin/").content.decode()

    for said in ("Went wrong", "The LLM was busy.", "50.0 %", "$0.25", "1 run of unknown price"):
        assert said in page
    assert "$1,000" not in page


def test_every_number_of_the_overview_leads_to_its_traces(console: Client) -> None:
    told = a_trace(started_at=timezone.now(), status=Status.ERROR, error_count=1)
    record_trace(told)
    record_score(trace_id=told.id, name=FEEDBACK, value=1.0)

    for tile in console.get("/admin/").context["tiles"]:
        assert str(told.id) in console.get(tile.link).content.decode()


def test_the_overview_of_an_empty_site_offers_the_next_step(console: Client) -> None:
    assert "Ask the first question" in console.get("/admin/").content.decode()


def test_a_transcript_shows_what_was_said_and_done(alice: User, dana: User, client_of: ClientOf) -> None:
    conversation = a_conversation(alice)

    page = client_of(dana).get(f"/admin/chat/conversation/{conversation.id}/change/").content.decode()

    for said in ("Sums", alice.email, "What is &lt;b&gt;2 + 2&lt;/b&gt;?", "calculator", "It is 4.", "See the trace"):
        assert said in page


def test_nobody_writes_into_a_conversation(alice: User, dana: User, client_of: ClientOf) -> None:
    conversation = a_conversation(alice)
    console = client_of(dana)

    console.post(f"/admin/chat/conversation/{conversation.id}/change/", {"title": "Changed"})

    assert Conversation.objects.get().title == "Sums"
    assert console.get("/admin/chat/conversation/add/").status_code == 403
    assert console.get(f"/admin/chat/conversation/{conversation.id}/delete/").status_code == 403


@pytest.mark.parametrize(
    "page",
    [
        "agents/agent/", "agents/run/", "agents/agentversion/", "chat/conversation/", "chat/feedback/",
        "agents/toolcall/", "agents/approval/", "agents/settlement/",
        "accounts/user/", "accounts/user/add/", "auth/group/",
        "auth/group/add/", "observability/trace/", "observability/", "agents/", "",
    ],
)  # fmt: skip
def test_an_administrator_opens_every_page(alice: User, dana: User, client_of: ClientOf, page: str) -> None:
    a_conversation(alice)

    assert client_of(dana).get(f"/admin/{page}").status_code == 200


def test_the_rows_behind_a_conversation_can_be_looked_at(alice: User, dana: User, client_of: ClientOf) -> None:
    run = a_conversation(alice).thread.runs.get()
    console = client_of(dana)

    assert console.get(f"/admin/agents/run/{run.pk}/change/").status_code == 200
    assert console.get(f"/admin/chat/feedback/{run.feedback.get().pk}/change/").status_code == 200
    assert "careful research assistant" in (
        console.get(f"/admin/agents/agentversion/{run.agent_version_id}/change/").content.decode()
    )


def test_an_agent_is_renamed_and_given_other_questions(dana: User, client_of: ClientOf) -> None:
    agent = Agent.objects.get(slug="assistant")
    page = f"/admin/agents/agent/{agent.pk}/change/"
    written = {"name": "Ada", "description": "", "suggestions": " One?\n\nTwo? ", "versions-TOTAL_FORMS": 0,
               "versions-INITIAL_FORMS": 0}  # fmt: skip

    client_of(dana).post(page, written)

    agent.refresh_from_db()
    assert (agent.name, agent.suggestions, agent.is_enabled) == ("Ada", ["One?", "Two?"], False)


def test_five_questions_do_not_fit(dana: User, client_of: ClientOf) -> None:
    agent = Agent.objects.get(slug="assistant")
    written = {"name": "Ada", "suggestions": "1\n2\n3\n4\n5", "versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}

    answer = client_of(dana).post(f"/admin/agents/agent/{agent.pk}/change/", written)

    assert "At most 4 fit" in answer.content.decode()
    agent.refresh_from_db()
    assert agent.name == "Assistant"


def test_the_console_lets_no_foreign_script_in(console: Client) -> None:
    policy = console.get("/admin/").headers["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "style-src 'self';" in policy


def test_no_page_of_the_console_holds_an_inline_script_or_style(alice: User, dana: User, client_of: ClientOf) -> None:
    conversation = a_conversation(alice)
    tell(id=conversation.thread.runs.get().pk)

    for page in (
        "", "observability/trace/", f"observability/trace/{conversation.thread.runs.get().pk}/change/",
        f"chat/conversation/{conversation.id}/change/", "accounts/user/", "accounts/user/add/", "agents/agent/",
        "agents/agent/1/change/", "login/",
    ):  # fmt: skip
        shown = client_of(dana).get(f"/admin/{page}").content.decode()
        assert "<style" not in shown
        assert "<script>" not in shown
        assert " onclick=" not in shown
