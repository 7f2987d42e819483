"""What a person does with the chat page."""

from playwright.sync_api import Page, expect


def ask(page: Page, text: str) -> None:
    page.get_by_label("Your question").fill(text)
    page.keyboard.press("Enter")


def expect_answer(page: Page, text: str) -> None:
    """The last answer is complete and has this text in it."""
    expect(page.locator("chat-run").last.locator(".answer")).to_contain_text(text)
    expect(page.locator("chat-run").last).to_have_attribute("data-status", "completed")


def transcript(page: Page) -> str:
    return page.locator("chat-transcript").inner_text()
