"""Who is asked by others' agents decides beside the chat; whoever asked sees it happen."""

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from agents.models import Approval, ApprovalStatus
from tests.browser.asking import ask, expect_answer
from tests.browser.test_teams import shot
from tests.drills.agents import approved_by, ledger_agent
from tests.drills.ledger.book import executions
from tests.llm import call


@pytest.fixture
def payers(bob):
    """A group that Bob is in, and nobody of an earlier test; nothing waits for it yet."""
    Approval.objects.filter(status=ApprovalStatus.PENDING).update(status=ApprovalStatus.CANCELLED)
    group, _ = Group.objects.get_or_create(name="Payers")
    group.user_set.set([bob])
    return group


@pytest.fixture
def waiting(payers, open_tab, llm, alice):
    """Alice's page, on which an agent waits for the group."""
    agent = ledger_agent("paying-payers", approvals={"ledger_unsafe": approved_by("group:Payers")})
    llm.asks(call("ledger_unsafe", note="ninety euros for the rent"))
    page = open_tab(alice, f"/?agent={agent.slug}")
    ask(page, "Pay the rent")
    expect(page.locator("approval-card")).to_contain_text("Waiting for the group Payers")
    return page


def test_a_member_decides_and_the_answer_goes_on(waiting, open_tab, llm, bob, charlie):
    llm.reply("Paid.")
    page = open_tab(bob)
    expect(page.locator("asks-you")).to_contain_text("Approvals1")
    page.get_by_role("link", name="Approvals").click()
    asked = page.locator("asked-approval")
    expect(asked).to_contain_text("asks for Alice")
    expect(asked).to_contain_text("Pay the rent")
    expect(asked.get_by_role("row", name="note ninety euros for the rent")).to_be_visible()
    shot(page, "asked")

    asked.get_by_role("button", name="Approve").click()

    expect(asked).to_contain_text(f"Approved by {bob}")
    expect(page.locator("asks-you .count")).to_be_hidden()
    expect_answer(waiting, "Paid.")
    run = waiting.locator("chat-run").get_attribute("data-run")
    assert [one.note for one in executions(run)] == ["ninety euros for the rent"]
    shot(page, "asked-over")
    page.reload()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    shot(page, "asked-nothing")
    stranger = open_tab(charlie)
    expect(stranger.locator("asks-you")).to_be_hidden()


def test_a_member_denies_with_a_reason(waiting, open_tab, llm, bob):
    llm.reply("Then not.")
    approval = Approval.objects.latest("pk")
    page = open_tab(bob, f"/approvals/{approval.pk}/")

    page.get_by_role("button", name="Deny").click()
    page.get_by_label("Why not?").fill("Too much.")
    page.get_by_role("button", name="Deny").click()

    expect(page.locator("asked-approval")).to_contain_text(f"Denied by {bob}: “Too much.”")
    expect_answer(waiting, "Then not.")
    assert "Too much." in llm.requests[1].messages[-1]["content"]


def test_other_arguments_are_approved_here_too(waiting, open_tab, llm, bob):
    llm.reply("Paid eighty.")
    page = open_tab(bob, "/approvals/")
    page.get_by_role("button", name="Edit").click()

    page.get_by_label("The arguments, as JSON").fill('{"note": "eighty euros"}')
    page.get_by_role("button", name="Approve with these").click()

    expect_answer(waiting, "Paid eighty.")
    run = waiting.locator("chat-run").get_attribute("data-run")
    assert [one.note for one in executions(run)] == ["eighty euros"]


def test_what_comes_while_one_looks_is_added_below_and_counted(payers, open_tab, llm, alice, bob):
    page = open_tab(bob, "about:blank")
    page.clock.install()
    page.goto("/approvals/")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    agent = ledger_agent("paying-payers", approvals={"ledger_unsafe": approved_by("group:Payers")})
    llm.asks(call("ledger_unsafe", note="ten"))
    hers = open_tab(alice, f"/?agent={agent.slug}")
    ask(hers, "Pay ten")
    expect(hers.locator("approval-card")).to_be_visible()

    page.clock.run_for(21_000)

    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    expect(page.locator("asks-you .count")).to_have_text("1")
    expect(page.locator("#announcements")).to_have_text("New: Paying-Payers asks about ledger_unsafe")
    hers.get_by_role("button", name="Stop").click()
    expect(hers.locator("chat-run")).to_have_attribute("data-status", "cancelled")
    page.clock.run_for(9_000)
    expect(page.locator("asked-approval")).to_contain_text("Not needed any more")


def test_ones_own_question_is_counted_beside_the_chat_until_it_is_decided(open_tab, llm, alice):
    agent = ledger_agent("paying", approvals={"ledger_unsafe": approved_by("requester")})
    llm.asks(call("ledger_unsafe", note="ten"))
    page = open_tab(alice, f"/?agent={agent.slug}")
    expect(page.locator("asks-you")).to_be_hidden()
    ask(page, "Pay ten")
    expect(page.locator("asks-you .count")).to_have_text("1")
    llm.reply("Paid.")

    page.get_by_role("button", name="Approve").click()

    expect_answer(page, "Paid.")
    expect(page.locator("asks-you")).to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light"), (360, "dark")])
def test_the_page_holds_on_every_screen(waiting, open_tab, bob, width, scheme):
    page = open_tab(bob, "/approvals/", viewport={"width": width, "height": 800}, color_scheme=scheme)

    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shot(page, f"asked-{width}-{scheme}")
