"""What Plumbline knows about you: the page, and what can be done on it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from chat.models import Conversation
from memory import pausing
from memory.models import Memory, MemoryEvent, MemoryKind, MemoryStatus, Window
from tests.chat.knowing import conversation_of, knows, said_before

ClientOf = Callable[[User], Client]


@pytest.fixture
def browser(alice: User, client_of: ClientOf) -> Client:
    return client_of(alice)


def post(browser: Client, path: str, **data: Any) -> Any:
    return browser.post(path, data, content_type="application/json")


def test_what_is_known_stands_in_its_section_with_where_it_was_said(alice: User, browser: Client) -> None:
    place = conversation_of(alice, "Moving house")
    knows(alice, "Lives in Lisbon", thread_id=place.id, quote="I moved to Lisbon last week")
    knows(alice, "Likes short answers", kind=MemoryKind.PREFERENCE)
    knows(alice, "Ran a marathon", kind=MemoryKind.EVENT)

    page = browser.get("/memory/").content.decode()

    order = [page.index(words) for words in ("About you", "Lives in Lisbon", "How you like things",
             "Likes short answers", "What happened", "Ran a marathon")]  # fmt: skip
    assert order == sorted(order)
    assert "I moved to Lisbon last week" in page
    assert f'href="/c/{place.id}/"' in page[page.index("Lives in Lisbon") :]
    assert "never used" in page


def test_when_something_was_said_and_since_when_it_is_so_are_two_dates(alice: User, browser: Client) -> None:
    knows(alice, "Worked at Acme", valid_from=datetime(2019, 5, 1, tzinfo=UTC))

    page = browser.get("/memory/").content.decode()

    assert "so since 1 May 2019" in page
    assert f'You said it on <time datetime="{timezone.now():%Y}' in page


def test_nothing_known_says_what_would_be_here_and_how_to_stop_it(browser: Client) -> None:
    page = browser.get("/memory/").content.decode()

    assert "Nothing is known about you yet" in page
    assert "pause memory" in page


def test_what_is_replaced_put_away_or_over_stands_in_the_fold(alice: User, browser: Client) -> None:
    knows(alice, "Works at Acme", key="employer", value="Acme")
    knows(alice, "Works at Globex", key="employer", value="Globex")
    knows(alice, "Is on holiday", expires_at=timezone.now() - timedelta(days=1))

    page = browser.get("/memory/list").content.decode()
    fold = browser.get("/memory/list?part=past").content.decode()

    assert "Works at Globex" in page
    assert "Works at Acme" not in page
    assert "Works at Acme" in fold
    assert "Is on holiday" in fold
    assert "Works at Globex" not in fold


def test_search_finds_words_of_the_memory_and_of_what_was_said(alice: User, browser: Client) -> None:
    knows(alice, "Lives in Lisbon", quote="we moved south")
    knows(alice, "Likes tea")

    assert "Lives in Lisbon" in browser.get("/memory/list?q=lisbon").content.decode()
    assert "Lives in Lisbon" in browser.get("/memory/list?q=moved+SOUTH").content.decode()
    assert "Likes tea" not in browser.get("/memory/list?q=lisbon").content.decode()
    assert "Nothing found for" in browser.get("/memory/list?q=%25").content.decode()


def test_a_long_section_comes_a_page_at_a_time(alice: User, browser: Client) -> None:
    for number in range(101):
        knows(alice, f"Owns book number {number}")

    first = browser.get("/memory/").content.decode()
    before = first.split('data-before="')[1].split('"')[0]
    second = browser.get(f"/memory/list?part=facts&before={before}").content.decode()

    assert first.count("data-memory") == 100
    assert "Owns book number 0<" in second
    assert second.count("data-memory") == 1
    assert "data-before" not in second


def test_corrected_the_old_words_stand_in_its_history_and_come_back_by_undoing(alice: User, browser: Client) -> None:
    memory = knows(alice, "Lives in Lisbon")

    post(browser, f"/memory/{memory.pk}/edit", text="Lives in Porto")
    history = browser.get(f"/memory/{memory.pk}/history").content.decode()
    corrected = Memory.objects.get().text
    post(browser, f"/memory/{memory.pk}/undo")

    assert corrected == "Lives in Porto"
    assert "<del>Lives in Lisbon</del>" in history
    assert "Edited</strong> by you" in history
    assert Memory.objects.get().text == "Lives in Lisbon"


def test_pinned_it_stands_first_and_unpinned_it_goes_back(alice: User, browser: Client) -> None:
    memory = knows(alice, "Is allergic to nuts")

    post(browser, f"/memory/{memory.pk}/pin", isOn=True)
    assert 'data-part="pinned"' in browser.get("/memory/").content.decode()
    post(browser, f"/memory/{memory.pk}/pin", isOn=False)
    assert 'data-part="pinned"' not in browser.get("/memory/").content.decode()


def test_put_away_and_brought_back(alice: User, browser: Client) -> None:
    memory = knows(alice, "Likes tea")

    post(browser, f"/memory/{memory.pk}/put-away")
    assert Memory.objects.get().status == MemoryStatus.ARCHIVED
    post(browser, f"/memory/{memory.pk}/restore")
    assert Memory.objects.get().status == MemoryStatus.ACTIVE


def test_what_cannot_be_done_is_said_in_words(alice: User, browser: Client) -> None:
    first = knows(alice, "Likes tea")
    knows(alice, "Likes coffee")

    for text, words in [("Likes coffee", "remembered already"), (" ", "Write what"), ("x" * 501, "500 characters")]:
        answer = post(browser, f"/memory/{first.pk}/edit", text=text)
        assert answer.status_code == 400
        assert words in answer.json()["error"]
    assert Memory.objects.get(pk=first.pk).text == "Likes tea"


def test_written_down_by_hand_it_is_known_even_while_memory_is_paused(alice: User, browser: Client) -> None:
    pausing.pause(alice.pk)

    assert post(browser, "/memory/add", text="  Call me   Al ", kind="preference").status_code == 200

    (memory,) = Memory.objects.of(alice.pk)
    assert (memory.text, memory.kind, memory.origin) == ("Call me Al", "preference", "written")
    assert "You wrote it down" in browser.get("/memory/").content.decode()


@pytest.mark.parametrize("text", ["", "My password is hunter2-hunter2", "x" * 501])
def test_what_must_not_be_kept_is_refused(browser: Client, text: str) -> None:
    answer = post(browser, "/memory/add", text=text, kind="fact")

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert not Memory.objects.exists()


def test_deleted_it_is_gone_with_the_texts_of_its_history(alice: User, browser: Client) -> None:
    memory = knows(alice, "Has a parrot")
    other = knows(alice, "Likes tea")

    post(browser, f"/memory/{memory.pk}/delete")

    assert list(Memory.objects.of(alice.pk)) == [other]
    last = MemoryEvent.objects.filter(memory_id=memory.pk).last()
    assert last and (last.actor, last.before, last.after) == (alice, {}, {})
    assert browser.get(f"/memory/{memory.pk}").status_code == 404


def test_forgetting_everything_is_asked_for_in_words(alice: User, bob: User, browser: Client) -> None:
    knows(alice, "Likes tea")
    knows(bob, "Likes coffee")
    said_before(alice, "Alice: I like tea")

    refused = post(browser, "/memory/forget", typed="yes")
    assert (refused.status_code, Memory.objects.count()) == (400, 2)
    assert "Type “forget everything”" in refused.json()["error"]
    assert post(browser, "/memory/forget", typed="Forget everything ").json() == {"number": 1}

    assert [memory.text for memory in Memory.objects.all()] == ["Likes coffee"]
    assert not Window.objects.exists()


def test_all_from_one_conversation_is_forgotten_and_nothing_else(alice: User, browser: Client) -> None:
    place = conversation_of(alice)
    knows(alice, "Lives in Lisbon", thread_id=place.id)
    knows(alice, "Likes tea")
    said_before(alice, "Alice: I live in Lisbon", place.id)

    assert browser.get(f"/memory/from/{place.id}").json() == {"number": 1}
    post(browser, f"/memory/from/{place.id}/forget")

    assert [memory.text for memory in Memory.objects.of(alice.pk)] == ["Likes tea"]
    assert not Window.objects.exists()
    assert Conversation.objects.get() == place


@pytest.mark.parametrize(("and_memories", "left"), [(False, ["Lives in Lisbon", "Likes tea"]), (True, ["Likes tea"])])
def test_deleting_a_conversation_takes_what_was_learned_only_when_asked_to(
    alice: User, browser: Client, and_memories: bool, left: list[str]
) -> None:
    place = conversation_of(alice)
    knows(alice, "Lives in Lisbon", thread_id=place.id)
    knows(alice, "Likes tea")
    said_before(alice, "Alice: I live in Lisbon", place.id)
    elsewhere = said_before(alice, "Alice: I like tea")

    post(browser, f"/c/{place.id}/delete", andMemories=and_memories)

    assert [memory.text for memory in Memory.objects.order_by("pk")] == left
    assert list(Window.objects.all()) == [elsewhere]
    assert not Conversation.objects.exists()
    assert browser.get("/memory/").status_code == 200


def test_paused_and_resumed(alice: User, browser: Client) -> None:
    post(browser, "/memory/pause", isOn=False)
    assert pausing.consent_of(alice.pk).is_paused
    assert "Memory is paused" in browser.get("/memory/").content.decode()
    post(browser, "/memory/pause", isOn=True)
    assert not pausing.consent_of(alice.pk).is_paused
    assert "Memory is on" in browser.get("/memory/").content.decode()


def test_all_of_it_can_be_taken_away(alice: User, browser: Client) -> None:
    place = conversation_of(alice, "Moving house")
    memory = knows(alice, "Wohnt in Lissabon", thread_id=place.id, quote="Ich wohne in Lissabon")
    post(browser, f"/memory/{memory.pk}/edit", text="Wohnt in Porto")

    answer = browser.get("/memory/export")
    told = json.loads(answer.content)
    text = browser.get("/memory/export?as=text").content.decode()

    assert "attachment" in answer["Content-Disposition"]
    (one,) = told["memories"]
    assert (one["text"], one["quote"]) == ("Wohnt in Porto", "Ich wohne in Lissabon")
    assert one["conversation"] == {"id": str(place.id), "title": "Moving house"}
    assert [change["what"] for change in one["history"]] == ["added", "edited"]
    assert one["history"][1]["before"]["text"] == "Wohnt in Lissabon"
    assert "- Wohnt in Porto (" in text
    assert "“Moving house”" in text


def test_markup_in_a_memory_is_text(alice: User, browser: Client) -> None:
    knows(alice, "<script>alert(1)</script>", quote="<img src=x onerror=alert(1)>")

    page = browser.get("/memory/").content.decode()

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page
