"""Two workers that hear the same person at once: they agree on what is known."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from memory import forget
from memory.models import Memory, MemoryEvent, MemoryStatus
from memory.remember import Candidate, remember

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("by_words")]

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def home(name: str, hours: int) -> Candidate:
    return Candidate(
        text=f"Lives in {name}", key="home", value=name, said_at=NOW + timedelta(hours=hours), message_id=uuid7()
    )


def at_once(*work: Callable[[], object]) -> None:
    """All of these, each with a connection of its own; what one of them raises is raised here."""
    problems: list[BaseException] = []

    def done(each: Callable[[], object]) -> None:
        try:
            each()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=done, args=[each]) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems


def test_the_same_message_in_many_hands_is_one_memory(alice):
    said = Candidate(text="Likes tea", said_at=NOW, message_id=uuid7())

    at_once(*[lambda: remember([said], user_id=alice.pk)] * 6)

    assert Memory.objects.of(alice.pk).get().times_said == 1
    assert MemoryEvent.objects.filter(user=alice).count() == 1


def test_whatever_comes_first_the_last_that_was_said_holds(alice):
    moves = [home(name, hours) for hours, name in enumerate(("Rome", "Oslo", "Bonn", "Lima", "Kyiv"))]

    at_once(*[lambda move=move: remember([move], user_id=alice.pk) for move in moves])  # type: ignore[misc]

    rows = Memory.objects.of(alice.pk).order_by("valid_from")
    assert rows.get(status=MemoryStatus.ACTIVE).value == "Kyiv"
    assert [row.valid_to is None for row in rows] == [False, False, False, False, True]


def test_undoing_and_deleting_at_once_leaves_either_nothing_or_a_refusal(alice):
    (kept,) = remember([home("Rome", 1)], user_id=alice.pk)
    assert kept.memory
    memory = kept.memory

    def undo() -> None:
        try:
            forget.undo(memory, by=alice)
        except forget.MemoryRefused as refused:
            assert "deleted" in str(refused)

    at_once(undo, lambda: forget.delete(memory, by=alice))

    assert not Memory.objects.of(alice.pk).exists()
    texts = MemoryEvent.objects.filter(user=alice).values_list("before", "after")
    assert all(row == ({}, {}) for row in texts)
