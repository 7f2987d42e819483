"""What a person does with what is known about them, in a browser; and a conversation that is not remembered."""

import json

import pytest
from playwright.sync_api import Page, expect

from agents.models import Thread
from chat.models import Conversation
from memory.models import Memory, MemoryStatus
from tests.browser.asking import ask, expect_answer
from tests.chat.knowing import conversation_of, knows


@pytest.fixture
def page(open_tab, alice):
    knows(alice, "Lives in Lisbon")
    knows(alice, "Likes tea")
    return open_tab(alice, "/memory/")


def item(page: Page, text: str):
    return page.locator("[data-memory]", has_text=text)


def test_a_memory_is_corrected_and_the_correction_undone(page, alice):
    item(page, "Lives in Lisbon").get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Memory").fill("Lives in Porto")
    page.get_by_role("button", name="Save").click()

    expect(item(page, "Lives in Porto")).to_be_focused()
    item(page, "Lives in Porto").get_by_role("button", name="History").click()
    expect(item(page, "Lives in Porto").locator("del")).to_have_text("Lives in Lisbon")
    item(page, "Lives in Porto").get_by_role("button", name="Undo").click()
    expect(item(page, "Lives in Lisbon")).to_be_visible()


def test_pinned_put_away_brought_back_and_deleted_by_keyboard(page, alice):
    item(page, "Likes tea").get_by_role("button", name="Pin").press("Enter")
    expect(page.get_by_role("heading", name="Pinned")).to_be_visible()

    item(page, "Likes tea").get_by_role("button", name="More").press("Enter")
    page.get_by_role("menuitem", name="Put away").press("Enter")
    page.locator("summary").press("Enter")
    item(page, "Likes tea").get_by_role("button", name="Bring back").press("Enter")
    expect(page.locator("summary")).to_have_count(0)

    item(page, "Likes tea").get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.locator("#memory-delete-dialog").get_by_role("button", name="Delete").press("Enter")
    expect(item(page, "Likes tea")).to_have_count(0)
    assert [memory.text for memory in Memory.objects.of(alice.pk)] == ["Lives in Lisbon"]


def test_something_is_written_down_and_found(page):
    page.get_by_role("button", name="Write something down").click()
    page.get_by_label("It is about").select_option("preference")
    page.get_by_role("textbox", name="Memory").fill("Likes answers short")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="How you like things")).to_be_visible()

    page.get_by_role("searchbox", name="Search what is known").fill("short")
    expect(page.locator("[data-memory]")).to_have_count(1)


def test_memory_is_paused_resumed_and_emptied(page, alice):
    page.get_by_role("button", name="Pause memory").click()
    expect(page.get_by_text("Memory is paused.")).to_be_visible()
    page.get_by_role("button", name="Resume memory").click()
    expect(page.get_by_text("Memory is on.")).to_be_visible()

    page.get_by_role("button", name="Export or forget").click()
    page.get_by_role("menuitem", name="Forget everything").click()
    page.get_by_label("Type “forget everything” to go on").fill("forget everything")
    page.locator("#forget-dialog").get_by_role("button", name="Forget everything").click()
    expect(page.get_by_text("Nothing is known about you yet")).to_be_visible()
    assert not Memory.objects.of(alice.pk).exists()


def test_a_link_to_a_memory_leads_there_also_when_it_is_put_away(open_tab, alice):
    memory = knows(alice, "Plays the cello")
    Memory.objects.filter(pk=memory.pk).update(status=MemoryStatus.ARCHIVED)

    page = open_tab(alice, f"/memory/#{memory.pk}")

    expect(item(page, "Plays the cello")).to_be_focused()


def test_deleting_a_conversation_asks_what_becomes_of_what_was_learned(open_tab, alice):
    place = conversation_of(alice, "Moving house")
    knows(alice, "Lives in Lisbon", thread_id=place.id)
    knows(alice, "Likes tea")
    page = open_tab(alice)

    page.get_by_role("link", name="Moving house").hover()
    page.get_by_role("button", name="More for “Moving house”").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_label("Forget one thing learned from it, too").check()
    page.locator("#delete-dialog").get_by_role("button", name="Delete").click()

    expect(page.get_by_role("link", name="Moving house")).to_have_count(0)
    assert [memory.text for memory in Memory.objects.of(alice.pk)] == ["Likes tea"]
    assert not Conversation.objects.filter(owner=alice).exists()


def test_a_temporary_conversation_is_begun_reloaded_and_marked(open_tab, llm, alice):
    llm.reply("Hello.")
    knows(alice, "Has a parrot called Xylander")
    page = open_tab(alice)
    page.get_by_role("switch", name="Temporary").click()
    expect(page.get_by_text("nothing said here is remembered")).to_be_visible()
    page.reload()
    expect(page.get_by_role("switch", name="Temporary")).to_be_checked()

    ask(page, "What is my parrot called?")
    expect_answer(page, "Hello.")

    expect(page.get_by_role("switch", name="Temporary")).to_be_hidden()
    expect(page.get_by_text("nothing said here is remembered")).to_be_visible()
    expect(page.locator("[aria-current=page]", has_text="Temporary: What is my parrot")).to_be_visible()
    page.reload()
    expect(page.get_by_text("nothing said here is remembered")).to_be_visible()
    assert Thread.objects.get(owner=alice).is_temporary
    assert "Xylander" not in json.dumps(llm.requests[0].body)


def test_the_switch_can_be_taken_back_before_anything_is_said(open_tab, llm, alice):
    llm.reply("Hello.")
    page = open_tab(alice, "/?temporary=yes")

    page.get_by_role("switch", name="Temporary").click()
    ask(page, "Hello")
    expect_answer(page, "Hello.")

    expect(page.get_by_text("nothing said here is remembered")).to_be_hidden()
    assert not Thread.objects.get(owner=alice).is_temporary
