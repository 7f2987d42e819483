"""The console's approvals while somebody looks at them: what comes and goes shows by itself and moves nothing."""

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from agents import approvals
from agents.models import Approval, ApprovalStatus, Verdict
from tests import cast
from tests.browser.test_teams import shot
from tests.console.standing import a_pending_approval

LIST = "/admin/agents/approval/"


@pytest.fixture
def olga(rows):
    olga = cast.person("Olga", is_staff=True)
    olga.groups.add(Group.objects.get(name="Operators"))
    return olga


@pytest.fixture
def inbox(open_tab, olga, alice) -> Page:
    """Olga's list with one approval in it, in a browser whose clock the test turns."""
    Approval.objects.filter(status=ApprovalStatus.PENDING).update(status=ApprovalStatus.CANCELLED)
    a_pending_approval(alice, arguments='{"expression": "1 + 1"}')
    page = open_tab(olga, "about:blank")
    page.clock.install()
    page.goto(LIST)
    page.mouse.move(5, 5)
    expect(page.locator("tr[data-key]")).to_have_count(1)
    return page


def later(page: Page) -> None:
    page.clock.run_for(11_000)


def test_what_is_new_shows_and_is_counted_and_said_by_itself(inbox, alice):
    a_pending_approval(alice, arguments='{"expression": "2 + 2"}')

    later(inbox)

    expect(inbox.locator("tr[data-key]")).to_have_count(2)
    expect(inbox.locator("[data-number=Approvals]")).to_have_text("2")
    expect(inbox.get_by_role("status")).to_have_text(f"New: calculator for {alice.email}")
    shot(inbox, "inbox-two")


def test_what_somebody_else_decides_leaves(inbox, dana):
    approvals.decide(approval_id=Approval.objects.get(status="pending").pk, by=dana, verdict=Verdict.APPROVE)

    later(inbox)

    expect(inbox.get_by_text("Nothing waits for approval")).to_be_visible()
    expect(inbox.locator("[data-number=Approvals]")).to_be_hidden()


def test_nothing_moves_under_the_pointer_until_it_leaves(inbox, alice, dana):
    first = Approval.objects.get(status="pending")
    row = inbox.locator(f"tr[data-key='{first.pk}']")
    row.hover()
    a_pending_approval(alice, arguments='{"expression": "2 + 2"}')
    approvals.decide(approval_id=first.pk, by=dana, verdict=Verdict.DENY)

    later(inbox)

    news = inbox.get_by_role("button", name="1 new, 1 done")
    expect(news).to_be_visible()
    expect(inbox.locator("tr[data-key]")).to_have_count(1)
    expect(row).to_have_attribute("data-over", "")
    shot(inbox, "inbox-news")
    inbox.mouse.move(5, 5)
    expect(row).to_have_count(0)
    expect(inbox.locator("tr[data-key]")).to_have_count(1)
    expect(news).to_be_hidden()


def test_nothing_moves_under_the_keyboard_until_it_is_asked_for(inbox, alice):
    link = inbox.locator("tr[data-key] a")
    link.focus()
    a_pending_approval(alice, arguments='{"expression": "2 + 2"}')

    later(inbox)

    expect(inbox.get_by_role("button", name="1 new")).to_be_visible()
    expect(link).to_be_focused()
    inbox.get_by_role("button", name="1 new").press("Enter")
    expect(inbox.locator("tr[data-key]")).to_have_count(2)


def test_a_page_nobody_sees_asks_for_nothing(inbox, alice):
    asked = []
    inbox.on("request", lambda request: asked.append(request.url))
    inbox.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    later(inbox)
    asked.clear()

    later(inbox)

    assert asked == []
    a_pending_approval(alice, arguments='{"expression": "2 + 2"}')
    inbox.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(inbox.locator("tr[data-key]")).to_have_count(2)
