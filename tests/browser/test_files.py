"""Files in the chat and on their page: chosen, read, sent, cited, opened, deleted."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.asking import ask, expect_answer
from tests.llm import call
from tests.memory import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Travel rules.pdf").write_bytes(files.pdf("A kestrel hotel costs 140.", "Flights are early."))
    (tmp_path / "Locked.pdf").write_bytes(files.locked(files.pdf("Secret.")))
    (tmp_path / "pay.diff").write_text("-total = price\n+total = price * 0\n")
    return tmp_path


def choose(page, *paths: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(list(paths))


def test_a_file_is_chosen_read_and_sent_and_a_reload_shows_it(open_tab, llm, alice, folder):
    llm.reply("One finding.")
    page = open_tab(alice)

    choose(page, folder / "pay.diff", folder / "Locked.pdf")
    chips = page.get_by_role("list", name="Files that go with the message").get_by_role("listitem")
    expect(chips.nth(0)).to_contain_text("Ready to ask")
    expect(chips.nth(1)).to_contain_text("locked with a password")
    page.get_by_role("button", name="Remove Locked.pdf").click()
    ask(page, "Review this")

    expect_answer(page, "One finding.")
    sent = page.get_by_role("link", name=re.compile("pay.diff"))
    expect(sent).to_be_visible()
    expect(chips).to_have_count(0)
    assert "+total = price * 0" in llm.requests[0].messages[-1]["content"]
    page.reload()
    expect(sent).to_be_visible()
    with page.expect_download() as download:
        sent.click()
    assert Path(download.value.path()).read_text() == (folder / "pay.diff").read_text()


def test_a_draft_keeps_its_files_over_a_reload(open_tab, llm, alice, folder):
    page = open_tab(alice)
    choose(page, folder / "pay.diff")
    page.get_by_label("Your question").fill("Review this")
    chip = page.get_by_role("list", name="Files that go with the message").get_by_role("listitem")
    expect(chip).to_contain_text("Ready to ask")

    page.reload()

    expect(chip).to_contain_text("Ready to ask")
    expect(page.get_by_label("Your question")).to_have_value("Review this")


def test_a_mark_in_the_answer_opens_the_passage_it_stands_for(open_tab, llm, alice, folder):
    llm.reply("Kept.")
    llm.asks(call("search_knowledge", query="kestrel hotel"))
    llm.reply("It costs 140 [1], says nobody [9].")
    page = open_tab(alice)
    choose(page, folder / "Travel rules.pdf")
    expect(page.get_by_text("Ready to ask", exact=True)).to_be_visible()
    ask(page, "Keep this")
    expect_answer(page, "Kept.")

    ask(page, "What does a kestrel hotel cost?")
    answer = page.locator("chat-run").last
    expect(answer.locator("answer-text")).to_have_text("It costs 140 1, says nobody [9].")
    before = answer.locator("answer-text").inner_html()
    expect(answer.locator("answer-sources")).to_contain_text("Travel rules.pdf")
    page.reload()
    assert answer.locator("answer-text").inner_html() == before
    answer.get_by_role("link", name="Source 1: Travel rules.pdf").click()

    panel = page.get_by_role("dialog", name="Travel rules.pdf")
    expect(panel).to_contain_text("A kestrel hotel costs 140.")
    expect(panel).to_contain_text("page 1")
    panel.get_by_role("link", name="Open the document").click()
    expect(page).to_have_url(re.compile(r"/documents/[0-9a-f-]{36}/\?passage=0#passage-0$"))
    expect(page.locator("#passage-0.is-asked")).to_contain_text("A kestrel hotel costs 140.")


def test_documents_are_added_followed_replaced_and_deleted_on_their_page(open_tab, llm, alice, folder):
    page = open_tab(alice, "/documents/")
    expect(page.get_by_text("Nothing here yet")).to_be_visible()

    page.locator("[data-chooser]").set_input_files(folder / "pay.diff")
    row = page.locator(".document")
    expect(row).to_contain_text("Ready to ask")
    expect(page.get_by_text("Nothing here yet")).to_be_hidden()

    row.get_by_role("button", name="More about pay.diff").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Replace with another file").click()
    chooser.value.set_files(folder / "Travel rules.pdf")
    expect(row).to_contain_text("2 passages")
    expect(row).to_have_count(1)

    row.get_by_role("button", name="More about pay.diff").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
