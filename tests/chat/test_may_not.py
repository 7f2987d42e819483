"""Every command that names a thread or a run, tried on somebody else's. A new command joins by itself."""

import uuid
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from agents.models import Run
from chat import commands
from chat.models import Conversation
from tests.llm import call

COMMANDS: tuple[type[BaseModel], ...] = get_args(commands.Command)
IDS = {"thread_id": "threadId", "run_id": "runId"}
BEFORE_ITS_TURN = (commands.EditQuestion, commands.WithdrawQuestion)  # their owner may in test_queue.py


def _about_a_row() -> list[type[BaseModel]]:
    return [command for command in COMMANDS if _ids_of(command) and command is not commands.DecideApproval]


def _ids_of(command: type[BaseModel]) -> list[str]:
    fields = command.model_fields.items()
    return [name for name, field in fields if field.annotation in (uuid.UUID, uuid.UUID | None)]


def _filled(command: type[BaseModel], ids: dict[str, str]) -> dict[str, Any]:
    """A command of that kind with these ids, and something in every other field that must be there."""
    (kind,) = get_args(command.model_fields["type"].annotation)
    fields = {IDS[name]: ids[name] for name in _ids_of(command)}
    needed = [name for name, field in command.model_fields.items() if field.is_required() and field.annotation is str]
    return {"kind": kind} | {name: "Hello" for name in needed if name != "id"} | fields


def test_every_id_a_command_can_carry_is_tried():
    tried_in_test_approvals = {"approval_id"}
    assert {name for command in COMMANDS for name in _ids_of(command)} == set(IDS) | tried_in_test_approvals


@pytest.mark.parametrize("command", _about_a_row(), ids=lambda command: command.__name__)
def test_a_stranger_may_not(socket_of, llm, alice, charlie, command):
    reply = llm.reply("one two", pause_after=1)
    owner, stranger = socket_of(alice), socket_of(charlie)
    ack = owner.ask("Only for me")
    reply.held.wait()
    mine = {"thread_id": ack["threadId"], "run_id": ack["runId"]}
    nobodys = {name: str(uuid.uuid4()) for name in mine}

    refused = stranger.send(**_filled(command, mine))
    unknown = stranger.send(**_filled(command, nobodys))
    reply.release()
    owner.end(ack["runId"])

    assert refused["type"] == "nack"
    assert refused["error"] == unknown["error"], "it tells a stranger what exists"
    assert owner.view.run(ack["runId"]).answer == "one two"
    assert stranger.send("ping")["type"] == "ack"
    assert stranger.events == []
    assert Run.objects.filter(thread=ack["threadId"]).count() == 1
    assert not Conversation.objects.filter(owner=charlie).exists()


@pytest.mark.parametrize(
    "command", [one for one in _about_a_row() if one not in BEFORE_ITS_TURN], ids=lambda command: command.__name__
)
def test_the_owner_may(socket_of, llm, alice, command):
    """The same set-up, so that the refusal above is for the right reason."""
    llm.fails(401)
    socket = socket_of(alice)
    ack = socket.ask("Only for me")
    socket.end(ack["runId"])
    if command in (commands.StartRun, commands.RetryRun):
        llm.reply("Hello.")

    answer = socket.send(**_filled(command, {"thread_id": ack["threadId"], "run_id": ack["runId"]}))

    assert answer["type"] == "ack"
    if command in (commands.StartRun, commands.RetryRun):
        socket.end(answer["runId"])


def test_a_run_of_my_own_opens_no_thread_of_another(socket_of, llm, alice, charlie):
    llm.asks(call("current_time", zone="UTC"))
    llm.reply("A secret.")
    llm.reply("Hello Charlie.")
    owner, stranger = socket_of(alice), socket_of(charlie)
    secret = owner.ask("Only for me")
    owner.end(secret["runId"])
    own = stranger.ask("Hello")
    stranger.end(own["runId"])

    refused = stranger.send("subscribe", threadId=secret["threadId"], runId=own["runId"], after=0)
    mixed = stranger.send("subscribe", threadId=own["threadId"], runId=secret["runId"], after=0)

    assert refused["type"] == "nack"
    assert mixed["type"] == "ack"
    assert stranger.send("ping")["type"] == "ack"
    assert {event["metadata"]["threadId"] for event in stranger.events} == {own["threadId"]}
