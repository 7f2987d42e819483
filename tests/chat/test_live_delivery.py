"""What a socket is sent: never more than its client reads, and nothing once its person is logged out."""

import json

import pytest
from django.contrib.sessions.models import Session
from websockets.exceptions import ConnectionClosed

from agents.events import LONGEST_DELTA
from chat.window import MOST_UNREAD
from tests.fold import View

LONG = tuple(f"{number:07} " * 1000 for number in range(48))  # as long as an answer may be


def everything_from(socket) -> tuple[list[dict], int]:
    """What still comes until the server closes, and the code it gives."""
    frames = []
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            frames.append(socket.read())
    return frames, closed.value.rcvd.code


def test_who_confirms_nothing_is_sent_one_window_and_then_closed(live_stack, socket_of, llm, alice):
    llm.reply(deltas=LONG)
    socket, witness = socket_of(alice), socket_of(alice)
    thread = witness.ask("Say a lot")["threadId"]
    socket.confirms = False

    socket.send("subscribe", threadId=thread)
    witness.until("RUN_FINISHED")
    frames, code = everything_from(socket)

    assert code == 4408
    assert sum(len(json.dumps(frame)) for frame in frames) < MOST_UNREAD + 2 * LONGEST_DELTA
    assert witness.view.runs[0].answer == "".join(LONG)


def test_who_was_closed_for_reading_nothing_goes_on_where_they_were(live_stack, socket_of, llm, alice):
    llm.reply(deltas=LONG)
    socket = socket_of(alice)
    socket.confirms = False
    ack = socket.ask("Say a lot")
    socket.load(everything_from(socket)[0])
    socket.confirms = True

    socket.reconnect(ack["threadId"], ack["runId"])
    socket.end(ack["runId"])

    assert socket.view.run(ack["runId"]).answer == "".join(LONG)
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting


def test_who_asks_and_asks_and_reads_no_answer_is_closed(socket_of, alice):
    socket = socket_of(alice)
    socket.confirms = False

    with pytest.raises(ConnectionClosed) as closed:
        for _ in range(2 * MOST_UNREAD // 100):
            assert socket.send("ping", id="x" * 100)["type"] == "ack"

    assert closed.value.rcvd.code == 4408


def test_a_log_out_elsewhere_ends_the_socket_and_no_one_elses(socket_of, alice, bob):
    socket, other = socket_of(alice), socket_of(bob)

    Session.objects.filter(session_key=socket.session_key).delete()

    assert everything_from(socket) == ([], 4401)
    assert other.send("ping")["type"] == "ack"


def test_a_new_password_ends_the_sockets_of_the_old_one(socket_of, alice):
    socket = socket_of(alice)

    alice.set_password("another horse, another staple")
    alice.save()

    assert everything_from(socket)[1] == 4401


def test_an_account_that_is_switched_off_loses_its_sockets(socket_of, alice):
    socket = socket_of(alice)

    alice.is_active = False
    alice.save()

    assert everything_from(socket)[1] == 4401
