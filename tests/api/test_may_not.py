"""Who is let in over the API, and to what."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Scope, User
from agents.models import Message, Role, Run, Thread, ToolCall
from tests.api.programs import ProgramOf, asked, token_for
from tests.cast import PASSWORD

ClientOf = Callable[[User], Client]

READING = [
    "/api/threads/{thread}", "/api/threads/{thread}/messages", "/api/runs/{run}", "/api/runs/{run}/scores",
    "/api/tool-calls/{call}",
]  # fmt: skip
CHANGING: list[tuple[str, str, dict[str, Any]]] = [
    ("post", "/api/runs", {"text": "Hello", "threadId": "{thread}"}),
    ("delete", "/api/threads/{thread}", {}),
    ("post", "/api/runs/{run}/cancel", {}),
    ("post", "/api/runs/{run}/retry", {}),
    ("patch", "/api/runs/{run}", {"text": "Other"}),
    ("delete", "/api/runs/{run}", {}),
    ("put", "/api/runs/{run}/feedback", {"isPositive": True}),
    ("delete", "/api/runs/{run}/feedback", {}),
    ("put", "/api/runs/{run}/scores/correct", {"value": 1}),
    ("delete", "/api/runs/{run}/scores/correct", {}),
]


@pytest.fixture
def run(alice: User) -> Run:
    run = asked(alice)
    message = Message.objects.create(run=run, position=1, role=Role.ASSISTANT)
    ToolCall.objects.create(run=run, message=message, position=0, name="calculator")
    return run


def ids_of(run: Run) -> dict[str, Any]:
    return {"thread": run.thread_id, "run": run.id, "call": run.tool_calls.get().id}


def send(client: Client, method: str, path: str, body: dict[str, Any], **ids: Any) -> Any:
    filled = {name: value.format(**ids) if isinstance(value, str) else value for name, value in body.items()}
    return getattr(client, method)(path.format(**ids), filled, content_type="application/json")


@pytest.mark.parametrize("path", READING)
def test_a_stranger_reads_nothing(run: Run, alice: User, charlie: User, program_of: ProgramOf, path: str) -> None:
    filled = path.format(**ids_of(run))

    assert program_of(alice).get(filled).status_code == 200
    answer = program_of(charlie).get(filled)
    assert (answer.status_code, answer.json()) == (404, {"error": "There is nothing here with that id."})


@pytest.mark.parametrize(("method", "path", "body"), CHANGING)
def test_a_stranger_changes_nothing(
    run: Run, charlie: User, program_of: ProgramOf, method: str, path: str, body: dict[str, Any]
) -> None:
    before = (Run.objects.values().get(), Message.objects.count(), Thread.objects.count())

    answer = send(program_of(charlie), method, path, body, **ids_of(run))

    assert answer.status_code == 404
    assert (Run.objects.values().get(), Message.objects.count(), Thread.objects.count()) == before


def test_a_stranger_sees_empty_lists(run: Run, charlie: User, program_of: ProgramOf) -> None:
    for path in ("/api/runs", "/api/threads", "/api/approvals"):
        assert program_of(charlie).get(path).json()["items"] == []


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer plb_wrong", "Basic YTpi", "plb_", "Bearer \xff"])
def test_without_a_good_token_nobody_gets_in(run: Run, header: str) -> None:
    client = Client(headers={"Authorization": header}) if header else Client()

    answer = client.get("/api/runs")

    assert answer.status_code == 401
    assert answer.json()["error"]
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_bad_token_is_not_helped_by_a_good_cookie(alice: User, client_of: ClientOf) -> None:
    answer = client_of(alice).get("/api/runs", headers={"Authorization": "Bearer plb_wrong"})

    assert answer.status_code == 401


def test_a_token_does_only_what_its_scopes_say(run: Run, alice: User, program_of: ProgramOf) -> None:
    reader = program_of(alice, Scope.READ)
    for method, path, body in CHANGING:
        answer = send(reader, method, path, body, **ids_of(run))
        assert answer.status_code == 403
        assert "lacks the scope" in answer.json()["error"]
    scorer = program_of(alice, Scope.SCORE)
    for path in READING:
        assert scorer.get(path.format(**ids_of(run))).status_code == 403
    assert send(scorer, "put", "/api/runs/{run}/scores/correct", {"value": 1}, **ids_of(run)).status_code == 200


def test_the_cookie_lets_in_but_changes_nothing_without_the_csrf_token(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.login(username=alice.email, password=PASSWORD)

    assert browser.get("/api/runs").status_code == 200
    refused = browser.post("/api/runs", {"text": "Hello"}, "application/json")
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["error"]
    assert not Run.objects.exists()

    browser.get("/api/docs")
    token = browser.cookies[settings.CSRF_COOKIE_NAME].value
    allowed = browser.post("/api/runs", {"text": "Hello"}, "application/json", headers={"X-CSRFToken": token})
    assert allowed.status_code == 201


def test_a_token_needs_no_csrf_token(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token_for(alice)}"})

    assert strict.post("/api/runs", {"text": "Hello"}, "application/json").status_code == 201


def test_somebody_who_is_switched_off_is_out_by_both_ways(
    alice: User, program_of: ProgramOf, client_of: ClientOf
) -> None:
    program, browser = program_of(alice), client_of(alice)
    alice.is_active = False
    alice.save()

    assert program.get("/api/runs").status_code == 401
    assert browser.get("/api/runs").status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/api/runs", {}, "text"),
        ("/api/runs", {"text": ""}, "text"),
        ("/api/runs", {"text": "   "}, "Write a message"),
        ("/api/runs", {"text": "x" * 100_001}, "100000"),
        ("/api/runs", {"text": 7}, "text"),
        ("/api/runs", {"text": "Hello", "threadId": "mine"}, "threadId"),
        ("/api/runs", {"text": "Hello", "agent": "no such"}, "agent"),
        ("/api/runs", {"text": "Hello", "agent": "nobody"}, "no such agent"),
        ("/api/runs", {"text": "Hello", "clientRequestId": "\x00"}, "clientRequestId"),
        ("/api/runs", {"text": "Hello", "surprise": 1}, "surprise"),
        ("/api/threads", {"agent": "nobody"}, "no such agent"),
    ],
)
def test_nonsense_is_refused_in_words(
    alice: User, program_of: ProgramOf, path: str, body: dict[str, Any], word: str
) -> None:
    answer = program_of(alice).post(path, body, "application/json")

    assert answer.status_code == 422
    assert word in answer.json()["error"]
    assert not Run.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', '{"text": "\\ud800"}', "[" * 100_000, "\x00"])
def test_what_is_no_json_object_is_refused_in_words(alice: User, program_of: ProgramOf, body: str) -> None:
    answer = program_of(alice).generic("POST", "/api/runs", body, content_type="application/json")

    assert answer.status_code in (400, 422)
    assert answer.json()["error"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "before=x", "status=lost", "threadId=1"])
def test_a_query_that_makes_no_sense_is_refused(alice: User, program_of: ProgramOf, query: str) -> None:
    assert program_of(alice).get(f"/api/runs?{query}").status_code == 422


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400", '"high"', "null"])
def test_a_score_is_a_number(run: Run, alice: User, program_of: ProgramOf, value: str) -> None:
    path = f"/api/runs/{run.id}/scores/correct"

    answer = program_of(alice).generic("PUT", path, f'{{"value": {value}}}', content_type="application/json")

    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("name", ["Feedback", "a b", "x" * 61, "feedback"])
def test_a_score_has_a_plain_name(run: Run, alice: User, program_of: ProgramOf, name: str) -> None:
    answer = program_of(alice).put(f"/api/runs/{run.id}/scores/{name}", {"value": 1}, "application/json")

    assert answer.status_code == 422


def test_an_address_that_is_not_there_is_answered_in_json(alice: User, program_of: ProgramOf) -> None:
    program = program_of(alice)

    assert "There is nothing at /api/nowhere" in program.get("/api/nowhere").json()["error"]
    assert program.get(f"/api/runs/{uuid4()}").json()["error"]
    assert program.get("/api/runs/17").status_code == 404
