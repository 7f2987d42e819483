"""Questions that wait for their turn, and runs that wait for a person's word."""

import re

import pytest
from playwright.sync_api import expect

from agents.models import Run, RunStatus
from tests.browser.asking import ask, expect_answer
from tests.drills.agents import approved_by, ledger_agent
from tests.drills.ledger.book import executions
from tests.llm import call


@pytest.fixture
def queued(open_tab, llm, alice):
    """A page with an answer under way and a question behind it."""
    first = llm.reply("The first answer.", pause_after=1)
    page = open_tab(alice)
    ask(page, "First")
    first.held.wait()
    ask(page, "Secnod")
    expect(page.locator("chat-run").last).to_contain_text("Queued (2nd in line)")
    return page, first


@pytest.fixture
def waiting(open_tab, llm, alice):
    """A page on which the agent asks whether it may pay."""
    agent = ledger_agent("paying", approvals={"ledger_unsafe": approved_by("requester")})
    llm.asks(call("ledger_unsafe", note="ten euros"))
    page = open_tab(alice, f"/?agent={agent.slug}")
    ask(page, "Pay ten euros")
    expect(page.locator("approval-card")).to_contain_text("Waiting for your approval")
    return page


def run_on(page) -> str:
    return page.locator("chat-run").last.get_attribute("data-run")


def test_a_queued_question_is_edited_with_the_keyboard(queued, llm):
    page, first = queued
    llm.reply("The second answer.")

    page.get_by_role("button", name="Edit").press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("Second")
    page.keyboard.press("Enter")

    expect(page.locator(".question").last).to_have_text("Second")
    expect(page.get_by_role("button", name="Edit")).to_be_focused()
    first.release()
    expect_answer(page, "The second answer.")
    assert llm.requests[1].messages[-1]["content"] == "Second"


def test_a_queued_question_is_removed_in_both_windows(queued, open_tab, alice):
    page, first = queued
    other = open_tab(alice, page.url)
    expect(other.locator("chat-run")).to_have_count(2)

    page.get_by_role("button", name="Remove").click()

    expect(page.locator("chat-run")).to_have_count(1)
    expect(other.locator("chat-run")).to_have_count(1)
    first.release()
    expect_answer(page, "The first answer.")


def test_an_edit_that_comes_too_late_is_not_lost(queued, llm):
    page, first = queued
    second = llm.reply("An answer to the old one.", pause_after=1)
    llm.reply("An answer to the new one.")
    page.get_by_role("button", name="Edit").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("Second, please")

    first.release()
    second.held.wait()

    expect(page.get_by_text("It is being answered now, as it was.")).to_be_visible()
    page.get_by_role("button", name="Ask it as a new question").click()
    second.release()
    expect_answer(page, "An answer to the new one.")
    assert page.locator(".question").all_inner_texts() == ["First", "Secnod", "Second, please"]


def test_escape_leaves_a_question_as_it_was(queued, llm):
    page, first = queued
    llm.reply("The second answer.")
    page.get_by_role("button", name="Edit").click()
    page.keyboard.type("never mind")

    page.keyboard.press("Escape")

    expect(page.locator(".question").last).to_have_text("Secnod")
    first.release()
    expect_answer(page, "The second answer.")


def test_what_a_person_approves_is_done_and_the_card_folds(waiting, llm, alice):
    page = waiting
    llm.reply("Paid.")
    expect(page.locator("approval-card").get_by_role("row", name="note ten euros")).to_be_visible()

    page.get_by_role("button", name="Approve").dblclick()

    expect_answer(page, "Paid.")
    expect(page.locator("approval-card")).to_have_count(0)
    expect(page.locator(".activity")).to_contain_text(f"approved by {alice}")
    assert len(executions(run_on(page))) == 1
    page.reload()
    expect(page.locator(".activity")).to_contain_text(f"approved by {alice}")


def test_what_a_person_denies_is_not_done_and_the_reason_is_read(waiting, llm, alice):
    page = waiting
    llm.reply("Then not.")

    page.get_by_role("button", name="Deny").click()
    page.get_by_label("Why not?").fill("Too much.")
    page.get_by_role("button", name="Deny").click()

    expect_answer(page, "Then not.")
    page.locator(".activity").click()
    expect(page.locator(".call")).to_contain_text(f"Denied by {alice}: “Too much.”")
    assert "Too much." in llm.requests[1].messages[-1]["content"]
    assert executions(run_on(page)) == []


def test_a_person_approves_other_arguments_once_the_tool_takes_them(waiting, llm):
    page = waiting
    llm.reply("Paid five.")
    box = page.get_by_label("The arguments, as JSON")
    page.get_by_role("button", name="Edit").click()

    box.fill('{"note": ')
    page.get_by_role("button", name="Approve with these").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not JSON yet")
    box.fill('{"amount": 5}')
    page.get_by_role("button", name="Approve with these").click()
    expect(page.get_by_role("alert")).to_contain_text("These arguments cannot be used")
    box.fill('{"note": "five euros"}')
    page.get_by_role("button", name="Approve with these").click()

    expect_answer(page, "Paid five.")
    assert [one.note for one in executions(run_on(page))] == ["five euros"]


def test_a_decision_elsewhere_takes_the_card_away(waiting, open_tab, llm, alice):
    page = waiting
    llm.reply("Paid.")
    expect(page).to_have_url(re.compile("/c/"))
    other = open_tab(alice, page.url)

    other.get_by_role("button", name="Approve").click()

    expect_answer(page, "Paid.")
    expect(page.locator("approval-card")).to_have_count(0)


def test_a_waiting_run_can_be_stopped_and_the_next_question_is_answered(waiting, llm):
    page = waiting
    llm.reply("Here I am.")
    ask(page, "And this?")
    expect(page.locator("chat-run").last).to_contain_text("Queued (2nd in line)")

    page.get_by_role("button", name="Stop").click()

    expect(page.locator("chat-run").first).to_contain_text("Stopped by you")
    expect(page.locator("approval-card")).to_have_count(0)
    expect_answer(page, "Here I am.")


def test_who_is_not_asked_sees_who_is_and_no_buttons(open_tab, llm, alice):
    agent = ledger_agent("paying-staff", approvals={"ledger_unsafe": approved_by("staff")})
    llm.asks(call("ledger_unsafe", note="<img src=x onerror='window.hacked = 1'>"))
    page = open_tab(alice, f"/?agent={agent.slug}")
    ask(page, "Pay a lot")

    card = page.locator("approval-card")
    expect(card).to_contain_text("Waiting for an operator")
    expect(card.get_by_role("button", name="Approve")).to_have_count(0)
    expect(card.get_by_role("row", name="note <img src=x")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("chat-run")).to_have_attribute("data-status", "cancelled")


def test_an_unknown_outcome_says_who_will_settle_it(live_stack, open_tab, llm, alice, dana):
    llm.asks(call("ledger_unsafe", note="cut off", gate="never opened"))
    page = open_tab(alice, f"/?agent={ledger_agent().slug}")
    ask(page, "Pay")
    expect(page.locator("chat-run")).to_have_attribute("data-status", "running")
    live_stack.until(lambda: len(executions(run_on(page))) == 1, "the tool is at work")

    live_stack.workers[0].kill()
    live_stack.start_worker()

    card = page.locator("approval-card")
    expect(card).to_contain_text("It is not known whether ledger_unsafe took effect", timeout=20_000)
    expect(card).to_contain_text("an operator will find out")
    assert Run.objects.get(pk=run_on(page)).status == RunStatus.WAITING
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".activity")).to_contain_text("outcome unknown")


def test_a_limit_says_what_can_be_done(open_tab, llm, alice):
    agent = ledger_agent("brief", max_turns=2)
    llm.asks(call("ledger_read", note="one"))
    llm.reply("As far as I got.")
    page = open_tab(alice, f"/?agent={agent.slug}")

    ask(page, "Read everything")

    expect_answer(page, "As far as I got.")
    expect(page.locator(".limit")).to_contain_text("The agent used all its turns")
