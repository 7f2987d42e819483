"""Memories in the console: numbers for Operators, texts for those who may and leave a record, nothing for Raters."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from agents.models import Artifact, Message, Role, Thread, ToolCall
from memory import forget, pausing, stores
from memory.models import Memory, MemoryKind
from memory.models.vectors import StoredVector, VectorDeletion
from memory.stores import Collection, Point
from tests.api.programs import asked
from tests.cast import person
from tests.chat.knowing import conversation_of, knows, said_before

ClientOf = Callable[[User], Client]
NUMBERS, READ = "/admin/memory/memory/", "/admin/memory/memory/read/"
WHY = "She asked us to look into it, ticket 4711"


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def tile(page: str, name: str) -> str:
    return page.split(f'<span class="tile-name">{name}</span><strong>')[1].split("<")[0]


def test_an_operator_sees_numbers_and_no_text_and_no_name(
    alice: User, bob: User, olga: User, client_of: ClientOf
) -> None:
    knows(alice, "Has a parrot called Xylander", extractor="rules 1")
    put_away = knows(alice, "Plays the cello", kind=MemoryKind.EVENT)
    forget.archive(put_away, by=alice)
    knows(bob, "Likes Quillfeather tea", kind=MemoryKind.PREFERENCE)
    pausing.pause(bob.pk)
    said_before(alice, "Alice: Xylander said hello")

    page = text_of(client_of(olga).get(NUMBERS))

    numbers = {name: tile(page, name) for name in ("Memories in use", "Put away", "Messages to look up", "Paused")}
    assert numbers == {"Memories in use": "2", "Put away": "1", "Messages to look up": "1", "Paused": "1"}
    assert "Rules 1" in page
    for private in ("Xylander", "Quillfeather", "cello", "Alice", alice.email, bob.email, "Read what is known"):
        assert private not in page


def test_no_numbers_yet_is_said_in_words(olga: User, client_of: ClientOf) -> None:
    assert "Nothing is remembered yet" in text_of(client_of(olga).get(NUMBERS))


def test_duplicates_are_counted_within_a_person_and_not_across_people(
    alice: User, bob: User, olga: User, client_of: ClientOf
) -> None:
    for user in (alice, bob):
        knows(user, "Likes tea")
    assert tile(text_of(client_of(olga).get(NUMBERS)), "Duplicates") == "0"

    twin = Memory.objects.of(alice.pk).get()
    twin.pk, twin.text, twin.content_hash = None, "likes  TEA.", "another"
    twin._state.adding = True
    twin.id = Memory._meta.pk.get_default()
    twin.save()

    assert tile(text_of(client_of(olga).get(NUMBERS)), "Duplicates") == "1"


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_operator_reads_nobodys_texts(alice: User, olga: User, client_of: ClientOf, method: str) -> None:
    knows(alice, "Has a parrot called Xylander")

    answer = getattr(client_of(olga), method)(READ, {"email": alice.email, "reason": WHY})

    assert answer.status_code == 403
    assert "Xylander" not in text_of(answer)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("group", ["Raters", "Managers", None])
def test_other_staff_sees_neither_texts_nor_numbers(alice: User, client_of: ClientOf, group: str | None) -> None:
    memory = knows(alice, "Has a parrot called Xylander")
    staff = person("Rita", is_staff=True)
    if group:
        staff.groups.add(Group.objects.get_or_create(name=group)[0])
    console = client_of(staff)

    for page in (NUMBERS, READ, f"{NUMBERS}{memory.pk}/change/"):
        assert console.get(page).status_code == 403
    assert console.post(READ, {"email": alice.email, "reason": WHY}).status_code == 403


def test_who_is_not_of_the_staff_is_sent_to_log_in(alice: User, client_of: ClientOf) -> None:
    for page in (NUMBERS, READ):
        assert client_of(alice).get(page).status_code == 302
        assert Client().get(page).status_code == 302


def test_an_administrator_reads_one_persons_texts_and_that_is_on_record_without_them(
    alice: User, bob: User, dana: User, client_of: ClientOf
) -> None:
    knows(alice, "Has a parrot called Xylander")
    knows(bob, "Likes Quillfeather tea")
    console = client_of(dana)
    assert "Xylander" not in text_of(console.get(READ))

    page = text_of(console.post(READ, {"email": alice.email.upper(), "reason": WHY}))

    assert "Has a parrot called Xylander" in page
    assert "Quillfeather" not in page
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (dana, str(alice.pk))
    assert WHY in entry.change_message
    assert "Xylander" not in entry.change_message
    her_page = text_of(client_of(alice).get("/memory/"))
    assert "Who else looked" in her_page
    assert WHY in her_page
    assert "Who else looked" not in text_of(client_of(bob).get("/memory/"))


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"reason": ""}, "Say why"), ({"reason": "curious"}, "Say why in a few words more"), ({"email": "x@y"}, "nobody")],
)
def test_without_a_person_and_a_reason_nothing_is_shown(
    alice: User, dana: User, client_of: ClientOf, asked: dict[str, str], words: str
) -> None:
    knows(alice, "Has a parrot called Xylander")

    page = text_of(client_of(dana).post(READ, {"email": alice.email, "reason": WHY} | asked))

    assert words in page
    assert "Xylander" not in page
    assert not LogEntry.objects.exists()


def test_the_permission_to_read_texts_can_be_given_to_staff(alice: User, client_of: ClientOf, olga: User) -> None:
    knows(alice, "Has a parrot called Xylander")
    olga.user_permissions.add(Permission.objects.get(codename="read_texts"))

    assert "Xylander" in text_of(client_of(olga).post(READ, {"email": alice.email, "reason": WHY}))
    assert LogEntry.objects.get().user == olga


@pytest.mark.parametrize("page", ["{id}/change/", "{id}/delete/", "{id}/history/", "add/"])
def test_even_an_administrator_opens_no_memory_by_itself(
    alice: User, dana: User, client_of: ClientOf, page: str
) -> None:
    memory = knows(alice, "Has a parrot called Xylander")
    path = f"{NUMBERS}{page.format(id=memory.pk)}"

    for answer in (client_of(dana).get(path), client_of(dana).post(path, {"post": "yes"})):
        assert answer.status_code == 403
        assert "Xylander" not in text_of(answer)
    assert Memory.objects.filter(pk=memory.pk).exists()


def test_deleting_a_person_shows_no_text_and_leaves_nothing(alice: User, dana: User, client_of: ClientOf) -> None:
    memory = knows(alice, "Has a parrot called Xylander")
    forget.edit(memory, text="Has two parrots, Xylander and Quillfeather", by=alice)
    said_before(alice, "Alice: Xylander said hello")
    vector = Point(item=memory.pk, owner=alice.pk, vector=[0.6, 0.8])
    stores.current().put(Collection.MEMORIES, [vector], embedder="any 1")
    console, path = client_of(dana), f"/admin/accounts/user/{alice.pk}/delete/"

    asked = text_of(console.get(path))
    console.post(path, {"post": "yes"})

    assert "Xylander" not in asked
    assert not Memory.objects.exists()
    assert not StoredVector.objects.filter(item=memory.pk).exists()
    assert VectorDeletion.objects.filter(item=memory.pk).exists(), "stores outside are told, too"
    assert not any("Xylander" in entry.object_repr + entry.change_message for entry in LogEntry.objects.all())
    assert not User.objects.filter(pk=alice.pk).exists()


def test_a_person_with_conversations_can_be_deleted_too(alice: User, dana: User, client_of: ClientOf) -> None:
    place = conversation_of(alice, "About the parrot Xylander")
    knows(alice, "Has a parrot called Xylander", thread_id=place.id)
    console, path = client_of(dana), f"/admin/accounts/user/{alice.pk}/delete/"

    assert "Xylander" not in text_of(console.get(path))
    console.post(path, {"post": "yes"})

    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Thread.objects.exists()


def test_an_operator_who_looks_at_a_call_of_a_memory_tool_reads_no_memory(
    alice: User, olga: User, client_of: ClientOf
) -> None:
    run = asked(alice)
    message = Message.objects.create(run=run, position=1, role=Role.ASSISTANT)
    told = {"run": run, "message": message, "status": "succeeded"}
    private = ToolCall.objects.create(name="recall", position=0, result="Has a parrot called Xylander", **told)
    Artifact.objects.create(call=private, content="Has a parrot called Xylander")
    public = ToolCall.objects.create(name="calculator", position=1, result="42", **told)
    console, path = client_of(olga), "/admin/agents/toolcall"

    page = text_of(console.get(f"{path}/{private.pk}/change/"))

    assert "Xylander" not in page
    assert "is not shown here" in page
    assert console.get(f"{path}/{private.pk}/whole/").status_code == 404
    assert "42" in text_of(console.get(f"{path}/{public.pk}/change/"))
