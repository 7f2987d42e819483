"""A program on the chat's socket: by token, without an Origin."""

import json
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts.models import Scope, User
from tests.api.programs import token_for
from tests.llm import ScriptedLLM
from tests.stack import Stack


def socket(stack: Stack, token: str) -> ClientConnection:
    address = stack.url.replace("http", "ws", 1) + "/ws/"
    return connect(address, additional_headers={"Authorization": f"Bearer {token}"}, proxy=None)


def test_a_program_asks_over_the_socket(live_stack: Stack, llm: ScriptedLLM, alice: User) -> None:
    llm.reply("Hello")
    with socket(live_stack, token_for(alice)) as opened:
        opened.send(json.dumps({"type": "run.start", "id": str(uuid4()), "text": "Hi"}))
        frames = iter(lambda: json.loads(opened.recv(20)), None)
        kinds = [next(frames)["type"]]
        while kinds[-1] != "RUN_FINISHED":
            kinds.append(next(frames)["type"])

    assert kinds[0] == "ack"


@pytest.mark.parametrize("scopes", [(Scope.READ,), (Scope.READ, Scope.RUN), (Scope.SCORE, Scope.DECIDE, Scope.RUN)])
def test_a_token_that_may_not_do_all_of_it_opens_no_socket(
    live_stack: Stack, alice: User, scopes: tuple[Scope, ...]
) -> None:
    assert closed_with(socket(live_stack, token_for(alice, *scopes))) == 4401


def test_a_token_nobody_knows_opens_no_socket(live_stack: Stack) -> None:
    assert closed_with(socket(live_stack, "plb_wrong")) == 4401


def closed_with(opened: ClientConnection) -> int:
    with opened, pytest.raises(ConnectionClosed) as closed:
        opened.recv(20)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code
