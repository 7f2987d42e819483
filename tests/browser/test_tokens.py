"""API tokens and the API's documentation in a browser."""

from playwright.sync_api import expect

from accounts.models import User
from accounts.tokens import token_of
from tests.browser.conftest import OpenTab


def test_a_token_is_made_copied_and_revoked(open_tab: OpenTab, alice: User) -> None:
    page = open_tab(alice, "/accounts/tokens/", permissions=["clipboard-read", "clipboard-write"])
    expect(page.get_by_text("You have none yet.")).to_be_visible()

    page.get_by_label("Name").fill("Nightly report")
    page.get_by_label("Decide approvals").check()
    page.get_by_role("button", name="Make token").click()

    expect(page.get_by_role("heading", name="“Nightly report” is ready")).to_be_visible()
    page.get_by_role("button", name="Copy token").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    token = token_of(page.evaluate("navigator.clipboard.readText()"))
    assert token is not None
    assert token.scopes == ["read", "run", "decide"]

    page.get_by_role("button", name="Revoke Nightly report").click()
    expect(page.get_by_text("“Nightly report” is revoked.")).to_be_visible()
    expect(page.get_by_text("You have none yet.")).to_be_visible()


def test_the_page_of_the_api_works_within_the_sites_policy(open_tab: OpenTab, alice: User) -> None:
    page = open_tab(alice, "/api/docs")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()

    page.get_by_role("button", name="GET /api/agents List Agents").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    own = page.url.partition("/api/docs")[0]
    assert all(url.startswith((own, "data:", "blob:")) for url in asked), asked
