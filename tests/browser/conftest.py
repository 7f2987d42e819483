"""A real browser in front of the running product. An error on a page, or a breach of its policy, fails the test."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

if TYPE_CHECKING:  # Django's settings are read only after `pytest_configure`
    from accounts.models import User
    from tests.stack import Stack

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
OpenTab = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    from django.db import connections

    # Playwright keeps a loop running in this thread. Django would take every query beside it for a mistake, and has
    # other connections while it runs: nobody else closes those.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        connections.close_all()
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_tab(live_stack: "Stack", browser: Browser) -> Iterator[OpenTab]:
    """`open_tab(alice, "/")`: a page in which that person is logged in, each in a browser of its own."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(user: "User | None" = None, path: str = "/", **options: Any) -> Page:
        context = browser.new_context(base_url=live_stack.url, **options)
        contexts.append(context)
        if user:
            name, _, value = live_stack.cookie_of(user).partition("=")
            context.add_cookies([{"name": name, "value": value, "url": live_stack.url}])
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong, "the browser complains: " + "; ".join(wrong)
