"""What a person sees where a long conversation was summarised."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.asking import ask, expect_answer
from tests.drills.agents import ledger_agent

SHOTS = os.environ.get("SHOTS")
SUMMARY = (
    "Alice plans a week in Lisbon in May with her mother, who uses a wheelchair.\n"
    "- Budget: 1,400 euros for both; the flights (312 euros) are booked, reference QX4711.\n"
    "- She prefers short answers.\n"
    "- Still open: a hotel near the river with a lift."
)
NOTE = "Earlier messages were summarised to make room"


def shot(page, name: str) -> None:
    """For people who look: `SHOTS=folder` keeps pictures."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_quiet_line_tells_of_the_summary_and_unfolds_to_it(open_tab, llm, alice, width, scheme):
    ledger_agent("brief", tools=[], memory={"context_tokens": 2_000})
    page = open_tab(alice, "/?agent=brief", viewport={"width": width, "height": 760}, color_scheme=scheme)
    for length in (700, 350):
        llm.reply(f"Here is what I found. {'word ' * length}")
        ask(page, f"Find me a week in Lisbon. {'word ' * length}")
        expect_answer(page, "Here is what I found.")
    llm.reply(SUMMARY)
    llm.reply("The Ribeira has a lift and rooms without steps, 96 euros a night.")

    ask(page, "Which hotel is it to be?")

    expect_answer(page, "The Ribeira has a lift")
    line = page.locator("chat-run").last.locator(".compacted")
    expect(line).to_contain_text(f"{NOTE} · show summary")
    expect(page.get_by_text("QX4711")).to_be_hidden()
    shot(page, f"summary-folded-{width}-{scheme}")
    page.reload()
    line.locator("summary").click()
    expect(page.get_by_text("QX4711")).to_be_visible()
    expect(line).to_contain_text("hide summary")
    expect(page.get_by_text(NOTE)).to_have_count(1)
    shot(page, f"summary-open-{width}-{scheme}")
