"""The line to the server breaks; nothing is lost and nothing happens twice."""

import re

from playwright.sync_api import Page, WebSocketRoute, expect

from agents.models import Run
from tests.browser.asking import ask, expect_answer


class Line:
    """The socket's way to the server, which a test can cut and mend."""

    def __init__(self, page: Page) -> None:
        self.is_cut = False
        self.routes: list[WebSocketRoute] = []
        page.route_web_socket("**/ws/", self._opened)

    def _opened(self, route: WebSocketRoute) -> None:
        if self.is_cut:
            route.close(code=1013)
            return
        route.connect_to_server()
        self.routes.append(route)

    def cut(self) -> None:
        self.is_cut = True
        for route in self.routes:
            route.close(code=1012)
        self.routes = []

    def mend(self) -> None:
        self.is_cut = False


def test_a_question_asked_while_away_is_kept_and_sent_once(open_tab, llm, alice):
    llm.reply("Here I am again.")
    page = open_tab(alice)
    line = Line(page)
    page.reload()
    line.cut()
    expect(page.get_by_text("Reconnecting … nothing is lost")).to_be_visible()

    ask(page, "Are you still there?")
    expect(page.locator("chat-transcript")).to_contain_text("Kept here")
    page.reload()
    expect(page.locator("chat-transcript")).to_contain_text("Are you still there?")
    line.mend()

    expect_answer(page, "Here I am again.")
    expect(page.get_by_text("Reconnecting")).to_be_hidden()
    assert Run.objects.filter(user=alice).count() == 1


def test_an_answer_goes_on_where_it_was_when_the_line_is_back(open_tab, llm, alice):
    reply = llm.reply("One two three four five.", pause_after=2)
    page = open_tab(alice)
    line = Line(page)
    page.reload()
    ask(page, "Count")
    expect(page.locator("answer-text")).to_contain_text("One two")

    line.cut()
    expect(page.get_by_text("Reconnecting … nothing is lost")).to_be_visible()
    reply.release()
    line.mend()

    expect_answer(page, "One two three four five.")
    assert page.locator("answer-text").inner_text().strip() == "One two three four five."


def test_an_answer_that_overtakes_its_receipt_is_shown_once_and_at_its_address(open_tab, llm, alice):
    llm.reply("Faster than the receipt.")
    page = open_tab(alice)
    routes: list[WebSocketRoute] = []
    receipts: list[str] = []

    def opened(route: WebSocketRoute) -> None:
        routes.append(route)
        server = route.connect_to_server()
        server.on_message(lambda frame: receipts.append(str(frame)) if '"ack"' in frame else route.send(frame))

    page.route_web_socket("**/ws/", opened)
    page.reload()

    ask(page, "Who is faster?")

    expect_answer(page, "Faster than the receipt.")
    expect(page).to_have_url(re.compile("/c/"))
    for receipt in receipts:
        routes[-1].send(receipt)
    expect(page.locator(".question")).to_have_count(1)
    assert Run.objects.filter(user=alice).count() == 1


def test_a_draft_survives_a_reload_and_is_gone_once_sent(open_tab, llm, alice):
    llm.reply("Sent.")
    page = open_tab(alice)
    page.get_by_label("Your question").fill("Half a thou")

    page.reload()

    expect(page.get_by_label("Your question")).to_have_value("Half a thou")
    ask(page, "Half a thought")
    expect_answer(page, "Sent.")
    page.goto("/")
    expect(page.get_by_label("Your question")).to_have_value("")


def test_who_was_logged_out_elsewhere_is_told_and_loses_nothing(open_tab, alice):
    page = open_tab(alice)
    line = Line(page)
    page.reload()
    page.get_by_label("Your question").fill("Half a thought")
    page.context.clear_cookies()

    line.cut()

    expect(page.get_by_role("link", name="Log in again")).to_be_visible(timeout=15_000)
    expect(page.get_by_label("Your question")).to_have_value("Half a thought")
