"""What a person sees of agents that work for each other and hand over to each other."""

import os
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.asking import ask
from tests.drills.agents import ledger_agent
from tests.drills.ledger.book import open_gate
from tests.drills.obedient import ObedientLLM, Plan
from tests.llm import call

SHOTS = os.environ.get("SHOTS")


def shot(page, name: str) -> None:
    """For people who look: `SHOTS=folder` keeps pictures."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def test_another_agents_work_is_folded_below_its_task_and_opens_to_ask(open_tab, llm, alice):
    ledger_agent("look", tools=["ledger_read"])
    ledger_agent("pay", tools=["ledger_unsafe"], approvals={"ledger_unsafe": {}})
    ledger_agent("chief", tools=[], children=["look", "pay"])
    llm.asks(call("ask_look", task="Look up what the rent is."), text="First I have the rent looked up.")
    llm.asks(call("ledger_read", note="rent"))
    llm.reply("The rent is 900.")
    llm.asks(call("ask_pay", task="Pay 900 for the rent."), text="Now it is paid.")
    llm.asks(call("ledger_unsafe", note="900"))
    llm.reply("Paid 900.")
    llm.reply("Your rent of 900 is paid.")
    page = open_tab(alice, "/?agent=chief")

    ask(page, "Pay my rent")

    pay = page.locator("child-run", has_text="Pay 900 for the rent.")
    expect(page.locator("chat-run > .answer > run-state")).to_be_hidden()  # the card says what is waited for
    expect(pay.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    expect(page.locator("child-run", has_text="Look").first.get_by_text("Look up what the rent is.")).to_be_hidden()
    expect(page.locator("chat-run")).to_have_count(1)
    shot(page, "team-asks")
    page.reload()
    pay.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("Your rent of 900 is paid.")).to_be_visible()
    expect(pay.get_by_text("Pay 900 for the rent.")).to_be_hidden()
    pay.locator("summary").first.click()
    expect(pay.get_by_text("Paid 900.")).to_be_visible()
    shot(page, "team-done")
    if SHOTS:
        for width, scheme in ((1280, "dark"), (360, "light"), (360, "dark")):
            tab = open_tab(alice, page.url, viewport={"width": width, "height": 800}, color_scheme=scheme)
            tab.locator("child-run summary").first.click()
            shot(tab, f"team-{width}-{scheme}")


def test_who_waits_for_two_agents_says_so_live_and_on_a_fresh_page(open_tab, llm, alice):
    ledger_agent("look", tools=["ledger_read"])
    ledger_agent("chief-of-two", tools=[], children=["look"])
    llm.otherwise = rule = ObedientLLM()
    looks = (call("ledger_read", note="rent", gate="chief-of-two"),)
    tasks = [call("ask_look", task=Plan(f"Look up {what}", (looks,)).text) for what in ("the rent", "the deposit")]
    page = open_tab(alice, "/?agent=chief-of-two")

    ask(page, Plan("Compare them", (tuple(tasks),)).text)

    expect(page.locator("chat-run > .answer > run-state")).to_have_text("Waiting for 2 child agents")
    shot(page, "waits-for-children")
    page.reload()
    expect(page.locator("chat-run > .answer > run-state")).to_have_text("Waiting for 2 child agents")
    open_gate("chief-of-two")
    expect(page.locator("chat-run")).to_have_attribute("data-status", "completed")
    expect(page.locator("chat-run > .answer > run-state")).to_be_hidden()
    assert rule.problems == []


def test_a_hand_over_is_told_with_its_reason(open_tab, llm, alice):
    ledger_agent("money", tools=[])
    ledger_agent("front", tools=[], handoffs={"targets": {"money": "invoices"}})
    reason = "The question is about an invoice."
    llm.asks(call("hand_off", agent="money", reason=reason, confidence=0.92))
    llm.reply("Your invoice was sent on Monday.")
    page = open_tab(alice, "/?agent=front")

    ask(page, "Where is my invoice?")

    expect(page.locator(".handover")).to_contain_text("Front → Money")
    expect(page.locator(".handover")).to_contain_text("92 % sure")
    expect(page.get_by_text("Your invoice was sent on Monday.")).to_be_visible()
    shot(page, "handover")
    page.reload()
    expect(page.locator(".handover")).to_contain_text(reason)
