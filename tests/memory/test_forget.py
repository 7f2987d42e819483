"""What people do with what is known about them. All but deleting can be undone; deleting leaves no word behind."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from uuid_utils.compat import uuid7

from memory import forget, pausing
from memory.forget import MemoryRefused
from memory.models import Memory, MemoryEvent, MemoryStatus, MemoryUse, Window
from memory.remember import Candidate, remember

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_words")]


@pytest.fixture
def keep():
    def keeping(user, text: str, **about) -> Memory:
        candidate = Candidate(**{"text": text, "said_at": timezone.now(), "message_id": uuid7(), "quote": text} | about)
        (kept,) = remember([candidate], user_id=user.pk)
        assert kept.memory
        return kept.memory

    return keeping


def state(memory: Memory) -> dict:
    row = Memory.objects.filter(pk=memory.pk).values().get()
    return {name: value for name, value in row.items() if name not in {"updated_at", "embedded_with"}}


def works_at(name: str) -> dict:
    return {"key": "employer", "value": name}


@pytest.mark.parametrize(
    "change",
    [
        lambda memory, by: forget.edit(memory, text="Zoë drinks  “oolong”, éclairs\t& ☕", by=by),
        lambda memory, by: forget.archive(memory, by=by),
        lambda memory, by: forget.pin(memory, is_pinned=True, by=by),
    ],
)
def test_undone_a_change_leaves_every_byte_as_it_was(alice, keep, change):
    memory = keep(alice, "Trinkt gern grünen Tee – “Sencha”", value="Sencha", key="drink", importance=4)
    before = state(memory)

    change(memory, alice)
    after = state(memory)
    forget.undo(memory, by=alice)

    assert after != before
    assert state(memory) == before
    forget.undo(memory, by=alice)
    assert state(memory) == after


def test_undoing_a_replacement_brings_the_old_one_back_and_puts_the_new_one_away(alice, keep):
    old = keep(alice, "Works at Acme", **works_at("Acme"))
    before = state(old)
    new = keep(alice, "Works at Globex", **works_at("Globex"))

    forget.undo(old, by=alice)

    assert state(old) == before
    assert state(new)["status"] == MemoryStatus.ARCHIVED


def test_undoing_what_was_learned_brings_back_what_it_had_replaced(alice, keep):
    old = keep(alice, "Works at Acme", **works_at("Acme"))
    before = state(old)
    new = keep(alice, "Works at Globex", **works_at("Globex"))

    forget.undo(new, by=alice)

    assert state(old) == before
    assert state(new)["status"] == MemoryStatus.ARCHIVED


def test_restored_an_older_one_takes_its_place_back(alice, keep):
    old = keep(alice, "Works at Acme", **works_at("Acme"))
    new = keep(alice, "Works at Globex", **works_at("Globex"))

    forget.restore(old, by=alice)

    assert (state(old)["status"], state(old)["valid_to"]) == (MemoryStatus.ACTIVE, None)
    assert (state(new)["status"], state(new)["superseded_by_id"]) == (MemoryStatus.SUPERSEDED, old.pk)


def test_what_is_known_already_cannot_be_brought_back_beside_it(alice, keep):
    first = keep(alice, "Likes tea")
    forget.edit(first, text="Likes coffee", by=alice)
    keep(alice, "Likes tea")

    with pytest.raises(MemoryRefused, match="already"):
        forget.undo(first, by=alice)


@pytest.mark.parametrize("text", ["", "   \n", "x" * 501])
def test_a_memory_is_a_sentence_and_not_nothing_or_a_book(alice, keep, text):
    memory = keep(alice, "Likes tea")

    with pytest.raises(MemoryRefused):
        forget.edit(memory, text=text, by=alice)


def test_deleted_no_word_of_it_is_left_and_that_it_was_is_kept(alice, dana, keep):
    memory = keep(alice, "Has a parrot called Xylander", value="Xylander", key="parrot")
    forget.edit(memory, text="Has two parrots, Xylander and Quillfeather", by=alice, reason="Quillfeather came")
    MemoryUse.objects.create(run_id=uuid7(), user=alice, memory=memory, rank=0, score=1)
    other = keep(alice, "Likes tea")

    forget.delete(memory, by=dana)

    assert list(Memory.objects.of(alice.pk)) == [other]
    assert not MemoryUse.objects.exists()
    dump = everything_in_the_database()
    assert "Xylander" not in dump
    assert "Quillfeather" not in dump
    last = MemoryEvent.objects.filter(memory_id=memory.pk).last()
    assert last is not None
    assert (last.operation, last.actor, last.after) == ("deleted", dana, {})


def test_a_deleted_memory_can_be_neither_undone_nor_changed(alice, keep):
    memory = keep(alice, "Likes tea")
    forget.delete(memory, by=alice)

    for change in (forget.undo, forget.archive, forget.restore):
        with pytest.raises(MemoryRefused, match="deleted"):
            change(memory, by=alice)


def test_forgetting_everything_takes_one_persons_and_nobody_elses(alice, bob, keep):
    keep(alice, "Likes tea")
    keep(bob, "Likes coffee")
    for user in (alice, bob):
        Window.objects.create(
            message_id=uuid7(),
            user=user,
            agent_id=1,
            thread_id=uuid7(),
            run_id=uuid7(),
            text="x",
            said_at=timezone.now(),
        )

    assert forget.delete_all(alice.pk, by=alice) == 1

    assert not Memory.objects.of(alice.pk).exists()
    assert Memory.objects.of(bob.pk).get().text == "Likes coffee"
    assert list(Window.objects.values_list("user", flat=True)) == [bob.pk]
    assert not pausing.consent_of(alice.pk).covers(timezone.now() - timedelta(seconds=1))
    assert pausing.consent_of(bob.pk).covers(timezone.now() - timedelta(seconds=1))


def test_forgetting_a_conversation_takes_what_it_gave(alice, keep):
    thread = uuid7()
    keep(alice, "Likes tea", thread_id=thread)
    keep(alice, "Likes cocoa", thread_id=uuid7())

    assert forget.delete_all(alice.pk, by=alice, thread_id=thread) == 1

    assert Memory.objects.of(alice.pk).get().text == "Likes cocoa"


def test_what_nobody_uses_and_nobody_needs_is_put_away(alice, keep):
    for text, about, pinned in (
        ("Trifle", {"importance": 2}, False),
        ("Pinned trifle", {"importance": 2}, True),
        ("Weighty", {"importance": 3}, False),
        ("Used trifle", {"importance": 1}, False),
    ):
        memory = keep(alice, text, **about)
        Memory.objects.filter(pk=memory.pk).update(is_pinned=pinned)
    Memory.objects.filter(text="Used trifle").update(last_used_at=timezone.now() + timedelta(days=20))
    expired = keep(alice, "Is in Rome until Sunday", importance=5, expires_at=timezone.now() + timedelta(days=3))

    assert forget.archive_stale() == 0
    assert forget.archive_stale(now=timezone.now() + timedelta(days=181)) == 2

    assert set(Memory.objects.of(alice.pk).current().values_list("text", flat=True)) == {
        "Pinned trifle", "Weighty", "Used trifle",
    }  # fmt: skip
    forget.restore(expired, by=alice)
    assert MemoryEvent.objects.filter(operation="archived", reason="expired").exists()


def everything_in_the_database() -> str:
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row_to_json(each)::text FROM "{table}" AS each')
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)
