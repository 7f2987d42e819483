"""The chat as people meet it."""

import re

from playwright.sync_api import expect

from chat.models import Conversation, Feedback
from tests.browser.asking import ask, expect_answer
from tests.llm import call


def test_a_question_is_answered_and_a_reload_shows_the_same(open_tab, llm, alice):
    llm.asks(call("calculator", expression="6 * 7"))
    llm.reply("It is **42**.")
    page = open_tab(alice)

    ask(page, "What is 6 times 7?")

    expect_answer(page, "It is 42.")
    expect(page).to_have_url(re.compile(r"/c/[0-9a-f-]{36}/$"))
    expect(page).to_have_title("What is 6 times 7? · Plumbline")
    expect(page.get_by_role("navigation").get_by_role("link", name="What is 6 times 7?")).to_have_attribute(
        "aria-current", "page"
    )
    before = page.locator("answer-text").inner_html()
    page.reload()
    expect_answer(page, "It is 42.")
    assert page.locator("answer-text").inner_html() == before


def test_the_activity_line_unfolds_to_what_the_tool_was_given_and_gave(open_tab, llm, alice):
    llm.asks(call("calculator", expression="6 * 7"))
    llm.reply("It is 42.")
    page = open_tab(alice)
    ask(page, "What is 6 times 7?")
    expect_answer(page, "It is 42.")

    page.get_by_role("button", name=re.compile("calculator")).click()

    card = page.locator(".call")
    expect(card.get_by_role("row", name="expression 6 * 7")).to_be_visible()
    expect(card).to_contain_text("Done")
    expect(card.locator(".result")).to_contain_text("42")


def test_a_suggestion_is_asked_with_one_click(open_tab, llm, alice):
    llm.reply("A good question.")
    page = open_tab(alice)

    page.locator(".suggestion").first.click()

    expect_answer(page, "A good question.")


def test_a_run_can_be_stopped_and_keeps_what_was_written(open_tab, llm, alice):
    reply = llm.reply("One two three four.", pause_after=2)
    page = open_tab(alice)
    ask(page, "Count")
    reply.held.wait()

    page.get_by_role("button", name="Stop").click()

    run = page.locator("chat-run")
    expect(run).to_have_attribute("data-status", "cancelled")
    expect(run).to_contain_text("One two")
    expect(run).to_contain_text("Stopped by you")
    expect(run.get_by_role("button", name="Retry")).to_be_visible()


def test_a_second_question_is_queued_and_says_so(open_tab, llm, alice):
    first = llm.reply("The first answer.", pause_after=1)
    llm.reply("The second answer.")
    page = open_tab(alice)
    ask(page, "First")
    first.held.wait()

    ask(page, "Second")

    expect(page.locator("chat-run").last).to_contain_text("Queued (2nd in line)")
    first.release()
    expect_answer(page, "The second answer.")


def test_a_failed_run_says_what_went_wrong_and_can_be_retried(open_tab, llm, alice):
    llm.fails(401)
    page = open_tab(alice)
    ask(page, "Anybody?")
    run = page.locator("chat-run")
    expect(run).to_have_attribute("data-status", "failed")
    llm.reply("Now I can.")

    run.get_by_role("button", name="Retry").click()

    expect_answer(page, "Now I can.")
    expect(page.locator("chat-run")).to_have_count(1)


def test_two_windows_of_one_person_show_the_same(open_tab, llm, alice):
    reply = llm.reply("Seen from both sides.", pause_after=2)
    first = open_tab(alice)
    ask(first, "Who sees this?")
    reply.held.wait()
    expect(first).to_have_url(re.compile("/c/"))

    second = open_tab(alice, first.url)
    expect(second.locator("answer-text")).to_contain_text("Seen from")
    reply.release()

    expect_answer(first, "Seen from both sides.")
    expect_answer(second, "Seen from both sides.")


def test_an_answer_is_rated_with_a_comment(open_tab, llm, alice):
    llm.reply("Forty-two.")
    page = open_tab(alice)
    ask(page, "What is it?")
    expect_answer(page, "Forty-two.")

    page.get_by_role("button", name="Bad answer").click()
    page.get_by_role("textbox", name="What was wrong or missing?").fill("Say why.")
    page.get_by_role("button", name="Send comment").click()
    expect(page.locator(".comment")).to_have_count(0)
    page.reload()

    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    given = Feedback.objects.get(author=alice)
    assert (given.is_positive, given.comment) == (False, "Say why.")


def test_a_conversation_is_renamed_pinned_and_deleted(open_tab, llm, alice):
    llm.reply("Yes.")
    page = open_tab(alice)
    ask(page, "Are you there?")
    expect_answer(page, "Yes.")
    entry = page.locator(".entry")

    entry.hover()
    page.get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_label("Title", exact=True).fill("A sign of life")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("A sign of life")
    expect(entry).to_contain_text("A sign of life")

    entry.hover()
    page.get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name="Pin").click()
    expect(page.get_by_role("heading", name="Pinned")).to_be_visible()

    entry.hover()
    page.get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r":\d+/$"))
    assert not Conversation.objects.filter(owner=alice).exists()
