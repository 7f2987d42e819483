"""What is known about Alice reaches nobody else over the page and the API. A new address must be tried here, too."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Scope, User
from chat import memory_urls
from config.api import api
from memory import forget, pausing
from memory.models import Memory
from tests.api.programs import program_for
from tests.chat.knowing import knows
from tests.memory.parrot import SECRET, parrot_of, rows_of

ClientOf = Callable[[User], Client]

# Every address of the page and of the API, with what Bob sends there and what he gets when it is about Alice's.
PAGES: dict[str, tuple[str, dict[str, Any], int]] = {
    "everything": ("get", {}, 200),
    "list": ("get", {"q": SECRET}, 200),
    "export": ("get", {}, 200),
    "add": ("post", {"text": "Likes tea", "kind": "fact"}, 200),
    "pause": ("post", {"isOn": False}, 200),
    "forget-everything": ("post", {"typed": "forget everything"}, 200),
    "from-conversation": ("get", {}, 200),
    "forget-conversation": ("post", {}, 200),
    "one": ("get", {}, 404),
    "history": ("get", {}, 404),
    "edit": ("post", {"text": "Mine now"}, 404),
    "pin": ("post", {"isOn": True}, 404),
    "put-away": ("post", {}, 404),
    "restore": ("post", {}, 404),
    "undo": ("post", {}, 404),
    "delete": ("post", {}, 404),
}
ELSEWHERE = {"delete-procedure"}  # tests/chat/test_procedures.py
ENDPOINTS: dict[tuple[str, str], tuple[dict[str, Any], int]] = {
    ("get", "/api/memories"): ({}, 200),
    ("post", "/api/memories"): ({"text": "Likes tea"}, 201),
    ("delete", "/api/memories"): ({}, 200),
    ("get", "/api/memories/state"): ({}, 200),
    ("put", "/api/memories/state"): ({"isPaused": True}, 200),
    ("get", "/api/memories/export"): ({}, 200),
    ("get", "/api/memories/{memory_id}"): ({}, 404),
    ("patch", "/api/memories/{memory_id}"): ({"text": "Mine now"}, 404),
    ("delete", "/api/memories/{memory_id}"): ({}, 404),
    ("post", "/api/memories/{memory_id}/archive"): ({}, 404),
    ("post", "/api/memories/{memory_id}/restore"): ({}, 404),
    ("post", "/api/memories/{memory_id}/undo"): ({}, 404),
    ("get", "/api/memories/{memory_id}/history"): ({}, 404),
}


@pytest.fixture
def hers(alice: User) -> Memory:
    return parrot_of(alice)


# The page and the API


def test_every_address_of_the_page_is_tried() -> None:
    assert {pattern.name for pattern in memory_urls.urlpatterns} == set(PAGES) | ELSEWHERE


@pytest.mark.parametrize("name", PAGES)
def test_on_the_page_nobody_meets_anothers(
    hers: Memory, alice: User, bob: User, client_of: ClientOf, name: str
) -> None:
    method, data, status = PAGES[name]
    pattern = next(one for one in memory_urls.urlpatterns if one.name == name)
    path = "/memory/" + str(pattern.pattern).replace("<uuid:memory_id>", str(hers.pk)).replace(
        "<uuid:thread_id>", str(hers.thread_id)
    )
    before = rows_of(alice)
    kind = {"content_type": "application/json"} if method == "post" else {}

    answer = getattr(client_of(bob), method)(path, data, **kind)

    assert answer.status_code == status
    assert SECRET not in answer.content.decode().replace(f"Nothing found for “{SECRET}”", "")
    assert rows_of(alice) == before
    assert getattr(Client(), method)(path, data, **kind).status_code == 302, "only who is logged in"


@pytest.mark.parametrize("name", [name for name, (_, _, status) in PAGES.items() if status == 404])
def test_on_the_page_their_owner_may(hers: Memory, alice: User, client_of: ClientOf, name: str) -> None:
    """The same set-up, so that the refusal above is for the right reason."""
    method, data, _ = PAGES[name]
    path = f"/memory/{hers.pk}" + ("" if name == "one" else f"/{name}")
    kind = {"content_type": "application/json"} if method == "post" else {}

    assert getattr(client_of(alice), method)(path, data, **kind).status_code == 200


def test_every_operation_of_the_api_is_tried() -> None:
    document = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/"), default=str))
    paths = {path: methods for path, methods in document["paths"].items() if path.startswith("/api/memories")}
    assert {(method, path) for path, methods in paths.items() for method in methods} == set(ENDPOINTS)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_over_the_api_nobody_meets_anothers(hers: Memory, alice: User, bob: User, method: str, path: str) -> None:
    body, status = ENDPOINTS[method, path]
    query = "?confirm=forget%20everything" if (method, path) == ("delete", "/api/memories") else ""
    before = rows_of(alice)

    answer = getattr(program_for(bob), method)(
        path.format(memory_id=hers.pk) + query, body if method != "get" else {}, content_type="application/json"
    )

    assert answer.status_code == status
    assert SECRET not in answer.content.decode()
    assert rows_of(alice) == before


@pytest.mark.parametrize(("method", "path"), [key for key, (_, status) in ENDPOINTS.items() if status == 404])
def test_over_the_api_their_owner_may(hers: Memory, alice: User, method: str, path: str) -> None:
    body, _ = ENDPOINTS[method, path]

    answer = getattr(program_for(alice, Scope.MEMORY), method)(
        path.format(memory_id=hers.pk), body if method != "get" else {}, content_type="application/json"
    )

    assert answer.status_code in (200, 204)


def test_a_thread_of_anothers_gives_nothing_and_takes_nothing(hers: Memory, alice: User, bob: User) -> None:
    before = rows_of(alice)
    program = program_for(bob)

    listed = program.get(f"/api/memories?threadId={hers.thread_id}").json()
    forgotten = program.delete(f"/api/memories?confirm=forget%20everything&threadId={hers.thread_id}").json()

    assert (listed["items"], forgotten) == ([], {"number": 0})
    assert rows_of(alice) == before


def test_one_person_pauses_and_another_does_not(alice: User, bob: User) -> None:
    pausing.pause(bob.pk)

    assert pausing.consent_of(bob.pk).is_paused
    assert not pausing.consent_of(alice.pk).is_paused


def test_a_memory_that_says_the_same_belongs_to_each_by_itself(alice: User, bob: User) -> None:
    hers, his = knows(alice, "Likes tea"), knows(bob, "Likes tea")

    forget.delete(hers, by=alice)

    assert list(Memory.objects.all()) == [his]
    assert his.times_said == 1
