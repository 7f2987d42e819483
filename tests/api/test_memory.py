"""Programs and memories: with the scope for it, everything the page can do."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Scope, User
from agents.models import Thread
from memory import pausing
from memory.models import Memory, MemoryKind, MemoryStatus
from tests.api.programs import ProgramOf
from tests.chat.knowing import conversation_of, knows, said_before

JSON = "application/json"


@pytest.fixture
def program(alice: User, program_of: ProgramOf) -> Client:
    return program_of(alice, Scope.MEMORY)


def texts(answer: Any) -> list[str]:
    return [one["text"] for one in answer.json()["items"]]


def test_memories_are_listed_newest_first_and_found(alice: User, program: Client) -> None:
    place = conversation_of(alice)
    knows(alice, "Lives in Lisbon", thread_id=place.id)
    knows(alice, "Likes short answers", kind=MemoryKind.PREFERENCE)

    assert texts(program.get("/api/memories")) == ["Likes short answers", "Lives in Lisbon"]
    assert texts(program.get("/api/memories?q=LISBON")) == ["Lives in Lisbon"]
    assert texts(program.get("/api/memories?kind=preference")) == ["Likes short answers"]
    assert texts(program.get("/api/memories?status=archived")) == []
    assert texts(program.get(f"/api/memories?threadId={place.id}")) == ["Lives in Lisbon"]


def test_a_list_goes_on_where_it_ended(alice: User, program: Client) -> None:
    for number in range(3):
        knows(alice, f"Owns book number {number}")

    first = program.get("/api/memories?limit=2").json()
    second = program.get(f"/api/memories?limit=2&before={first['next']}").json()

    assert [one["text"][-1] for one in [*first["items"], *second["items"]]] == ["2", "1", "0"]
    assert second["next"] is None


def test_written_down_changed_pinned_and_undone(alice: User, program: Client) -> None:
    made = program.post("/api/memories", {"text": "Lives in Lisbon", "agent": "assistant"}, JSON)
    memory = f"/api/memories/{made.json()['id']}"

    changed = program.patch(memory, {"text": "Lives in Porto", "isPinned": True}, JSON).json()
    program.post(f"{memory}/undo")
    undone = program.post(f"{memory}/undo").json()

    assert (made.status_code, made.json()["origin"], made.json()["agent"]) == (201, "written", "assistant")
    assert (changed["text"], changed["isPinned"]) == ("Lives in Porto", True)
    assert undone["isPinned"] is True
    operations = [change["operation"] for change in program.get(f"{memory}/history").json()]
    assert operations == ["added", "edited", "edited", "restored", "restored"]


def test_put_away_restored_and_deleted(alice: User, program: Client) -> None:
    memory = f"/api/memories/{knows(alice, 'Likes tea').pk}"

    assert program.post(f"{memory}/archive").json()["status"] == "archived"
    assert program.post(f"{memory}/restore").json()["status"] == "active"
    assert program.delete(memory).status_code == 204
    assert program.get(memory).status_code == 404


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "  "}, "Write what"),
        ({"text": "x" * 501}, "500"),
        ({"text": "Tea", "kind": "secret"}, "kind"),
        ({"text": "Tea", "agent": "nobody"}, "no such agent"),
        ({"text": "Tea", "userId": 1}, "userId"),
        ({"text": "My password is hunter2-hunter2"}, "not kept"),
    ],
)
def test_what_must_not_be_kept_is_refused(program: Client, body: dict[str, Any], word: str) -> None:
    answer = program.post("/api/memories", body, JSON)

    assert answer.status_code == 422
    assert word in answer.json()["error"]
    assert not Memory.objects.exists()


def test_memory_is_paused_and_resumed(alice: User, program: Client) -> None:
    knows(alice, "Likes tea")
    said_before(alice, "Alice: tea, please")

    paused = program.put("/api/memories/state", {"isPaused": True}, JSON).json()

    assert paused == {"isPaused": True, "memories": 1, "searchableMessages": 1}
    assert pausing.consent_of(alice.pk).is_paused
    assert program.put("/api/memories/state", {"isPaused": False}, JSON).json()["isPaused"] is False


def test_everything_is_forgotten_only_with_the_words_for_it(alice: User, program: Client) -> None:
    knows(alice, "Likes tea")

    assert program.delete("/api/memories").status_code == 422
    assert program.delete("/api/memories?confirm=yes").status_code == 422
    assert Memory.objects.exists()
    assert program.delete("/api/memories?confirm=forget%20everything").json() == {"number": 1}
    assert not Memory.objects.exists()


def test_what_was_learned_in_one_thread_is_forgotten(alice: User, program: Client) -> None:
    place = conversation_of(alice)
    knows(alice, "Lives in Lisbon", thread_id=place.id)
    knows(alice, "Likes tea")

    program.delete(f"/api/memories?confirm=forget%20everything&threadId={place.id}")

    assert texts(program.get("/api/memories")) == ["Likes tea"]


def test_everything_is_exported(alice: User, program: Client) -> None:
    knows(alice, "Likes tea")

    told = program.get("/api/memories/export").json()

    assert told["person"] == alice.email
    assert [(one["text"], one["status"]) for one in told["memories"]] == [("Likes tea", MemoryStatus.ACTIVE)]


@pytest.mark.parametrize("scopes", [(Scope.READ,), (Scope.READ, Scope.RUN, Scope.DECIDE, Scope.SCORE)])
def test_what_is_remembered_has_a_scope_of_its_own(
    alice: User, program_of: ProgramOf, scopes: tuple[Scope, ...]
) -> None:
    knows(alice, "Likes tea")

    answer = program_of(alice, *scopes).get("/api/memories")

    assert answer.status_code == 403
    assert "lacks the scope memory" in answer.json()["error"]


def test_deleting_a_thread_takes_its_memories_only_with_the_scope_for_it(alice: User, program_of: ProgramOf) -> None:
    place = conversation_of(alice)
    knows(alice, "Lives in Lisbon", thread_id=place.id)
    path = f"/api/threads/{place.id}?memories=true"

    assert program_of(alice, Scope.RUN).delete(path).status_code == 403
    assert Thread.objects.exists()
    assert program_of(alice, Scope.RUN, Scope.MEMORY).delete(path).status_code == 204
    assert not Memory.objects.exists()
    assert not Thread.objects.exists()
