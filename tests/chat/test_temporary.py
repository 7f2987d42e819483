"""Temporary conversations: begun as such, marked as such, and never anything else."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from agents.models import Run, Thread
from chat import actions
from chat.models import Conversation
from chat.pages import page_data
from tests.api.programs import program_for

ClientOf = Callable[[User], Client]


def said(user: User, thread_id: Any = None, **options: Any) -> Run:
    return actions.send_message(
        user=user, text="Hello", request_id=str(uuid4()), thread_id=thread_id or uuid4(), is_new=thread_id is None,
        **options,
    )  # fmt: skip


def test_the_socket_begins_a_temporary_conversation_and_it_stays_one(socket_of: Any, llm: Any, alice: User) -> None:
    llm.reply("Hello.")
    llm.reply("Hello again.")
    socket = socket_of(alice)

    ack = socket.ask("Hello", temporary=True)
    socket.end(ack["runId"])
    socket.answer_to("And again", threadId=ack["threadId"])

    thread = Thread.objects.get(pk=ack["threadId"])
    assert thread.is_temporary
    assert thread.runs.count() == 2


def test_what_is_meant_to_be_forgotten_is_not_said_in_a_conversation_that_is_remembered(alice: User) -> None:
    remembered = said(alice)

    with pytest.raises(actions.Refused, match="Only a new conversation can be made temporary"):
        said(alice, remembered.thread_id, is_temporary=True)

    assert Run.objects.count() == 1
    assert not Thread.objects.get().is_temporary


def test_saying_it_again_of_a_temporary_conversation_is_no_mistake(alice: User) -> None:
    run = said(alice, is_temporary=True)

    said(alice, run.thread_id, is_temporary=True)
    said(alice, run.thread_id)

    assert Thread.objects.get().is_temporary


def test_a_temporary_conversation_is_marked_in_the_list_and_on_its_page(alice: User, client_of: ClientOf) -> None:
    said(alice)
    temporary = said(alice, is_temporary=True).thread.conversation
    browser = client_of(alice)

    listed = browser.get("/c/search").content.decode()
    page = browser.get(f"/c/{temporary.id}/").content.decode()

    assert listed.count("Temporary: ") == 1
    assert page_data(user=alice, conversation=temporary)["isTemporary"]
    assert "data-temporary-note>" in page


def test_a_page_that_begins_as_temporary_still_does_after_a_reload(alice: User, client_of: ClientOf) -> None:
    browser = client_of(alice)

    assert "data-temporary-note>" in browser.get("/?temporary=yes").content.decode()
    assert "data-temporary-note hidden>" in browser.get("/").content.decode()


@pytest.mark.parametrize("is_conversation", [True, False])
def test_a_program_begins_a_temporary_thread_with_its_question(alice: User, is_conversation: bool) -> None:
    program = program_for(alice)

    run = program.post(
        "/api/runs", {"text": "Hello", "conversation": is_conversation, "temporary": True}, "application/json"
    ).json()

    assert program.get(f"/api/threads/{run['threadId']}").json()["temporary"] is True
    assert Conversation.objects.count() == int(is_conversation)


def test_a_program_makes_an_empty_temporary_thread(alice: User) -> None:
    program = program_for(alice)

    thread = program.post("/api/threads", {"temporary": True}, "application/json").json()
    program.post("/api/runs", {"text": "Hello", "threadId": thread["id"]}, "application/json")

    assert thread["temporary"] is True
    assert Thread.objects.get().is_temporary


def test_a_program_may_not_ask_temporarily_in_a_thread_that_is_remembered(alice: User) -> None:
    program = program_for(alice)
    thread = program.post("/api/threads", {}, "application/json").json()

    answer = program.post(
        "/api/runs", {"text": "Hello", "threadId": thread["id"], "temporary": True}, "application/json"
    )

    assert (thread["temporary"], answer.status_code) == (False, 422)
    assert "Only a new conversation" in answer.json()["error"]
    assert not Run.objects.exists()
