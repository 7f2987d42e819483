"""Nothing an LLM writes runs or loads; the page holds on every screen, with the keyboard, in the dark."""

import pytest
from playwright.sync_api import expect

from tests.browser.asking import ask, expect_answer

ATTACKS = [
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "<svg><animate onbegin=window.hacked=1 attributeName=x></svg>",
    "<iframe srcdoc='<script>parent.hacked = 1</script>'></iframe>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=1>",
    "<a href='javascript:window.hacked=1' id=it>x</a>",
    "[x](javascript:window.hacked=1)",
    "![x](https://evil.example/pixel.png)",
    '[x](https://example.org/"onmouseover="window.hacked=1)',
    "<form action=https://evil.example><button>x</button></form>",
    "```<img/src=x/onerror=window.hacked=1>\nx\n```",
    "<style>body { display: none }</style>",
]
LONG = """# Title

Some *words* and `code`.

- one
- two

```python
print("x")
```

| a | b |
|---|--:|
| 1 | 2 |

End."""
TOO_WIDE = """() => [...document.querySelectorAll("main *")].filter(
  (it) => !it.closest(".table, pre") && it.getBoundingClientRect().right > innerWidth + 1
).length"""
RENDER = """async (attacks) => {
  const { fragmentOf } = await import("/static/js/lib/markdown.js")
  const place = document.querySelector("chat-transcript")
  for (const attack of attacks) place.append(fragmentOf(attack))
  for (const link of place.querySelectorAll("a, button")) {
    link.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }))
  }
  return place.innerHTML
}"""


def test_nothing_an_llm_writes_runs_or_loads(open_tab, alice):
    page = open_tab(alice)
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    html = page.evaluate(RENDER, ATTACKS)

    assert page.evaluate("window.hacked") is None
    assert not [url for url in asked if "evil" in url or url.endswith("/x")]
    links = page.locator("chat-transcript a")
    for link in links.all():
        assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener noreferrer nofollow")
        assert (link.get_attribute("href") or "").startswith("https://")
    for tag in ("script", "img", "svg", "iframe", "form", "style", "math"):
        assert f"<{tag}" not in html


def test_a_long_answer_in_pieces_looks_as_it_does_at_once(open_tab, llm, alice):
    llm.reply(LONG, deltas=tuple(LONG[place : place + 3] for place in range(0, len(LONG), 3)))
    page = open_tab(alice)

    ask(page, "Show me everything")

    expect_answer(page, "End.")
    expect(page.locator(".code .hljs-built_in, .code .hljs-string").first).to_be_visible()
    live = page.locator("answer-text").inner_html()
    page.reload()
    expect(page.locator(".code .hljs-built_in, .code .hljs-string").first).to_be_visible()
    assert page.locator("answer-text").inner_html() == live


def test_who_reads_above_is_not_moved_and_finds_the_way_down(open_tab, llm, alice):
    lines = tuple(f"Line {number}\n\n" for number in range(60))
    reply = llm.reply("".join(lines), deltas=lines, pause_after=40)
    page = open_tab(alice)
    ask(page, "Write a lot")
    reply.held.wait()
    expect(page.get_by_text("Line 39")).to_be_visible()

    page.locator("reading-place").evaluate("(it) => it.scrollBy(0, -400)")
    expect(page.get_by_role("button", name="To the end")).to_be_visible()
    before = page.locator("reading-place").evaluate("(it) => it.scrollTop")
    reply.release()

    down = page.get_by_role("button", name="New")
    expect(down).to_be_visible()
    assert page.locator("reading-place").evaluate("(it) => it.scrollTop") == before
    down.click()
    expect(page.get_by_text("Line 59")).to_be_in_viewport()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(open_tab, llm, alice, width):
    llm.reply(f"{'z' * 200}\n\n```\n{'c' * 300}\n```\n\n| {'a' * 60} | {'b' * 60} |\n|---|---|\n| 1 | 2 |")
    page = open_tab(alice, viewport={"width": width, "height": 700})
    ask(page, "x" * 200)
    expect_answer(page, "z" * 200)

    assert page.evaluate(TOO_WIDE) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_drawer_opens_and_closes_on_a_narrow_screen(open_tab, alice):
    page = open_tab(alice, viewport={"width": 360, "height": 700})
    expect(page.get_by_role("button", name="To the end")).to_be_hidden()
    new_chat = page.locator("side-bar").get_by_role("link", name="New chat")
    expect(new_chat).to_be_hidden()

    page.get_by_role("button", name="Conversations").click()
    expect(new_chat).to_be_visible()
    page.keyboard.press("Escape")

    expect(new_chat).to_be_hidden()
    expect(page.get_by_role("button", name="Conversations")).to_be_focused()


def test_everything_can_be_done_with_the_keyboard(open_tab, llm, alice):
    llm.reply("Heard.")
    page = open_tab(alice)
    page.get_by_role("link", name="Plumbline").focus()

    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("link", name="Skip to the question")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")

    expect_answer(page, "Heard.")
    assert page.locator(".question").inner_text() == "First line\nsecond line"
    expect(page.get_by_label("Your question")).to_be_focused()


def test_enter_that_chooses_a_word_in_an_input_method_does_not_send(open_tab, alice):
    page = open_tab(alice)
    box = page.get_by_label("Your question")
    box.fill("にほん")

    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})

    expect(box).to_have_value("にほん")
    expect(page.locator("chat-transcript")).to_have_text("")


def test_the_chosen_colours_come_with_the_page(open_tab, alice):
    page = open_tab(alice, color_scheme="light")
    page.locator(".account > button").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")

    page.reload()

    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == dark


def test_a_search_narrows_the_list_and_escape_brings_it_back(open_tab, llm, alice):
    llm.reply("In the second sentence I mention zebras.")
    page = open_tab(alice)
    ask(page, "Tell me something")
    expect_answer(page, "zebras")
    search = page.get_by_role("searchbox")

    search.fill("zebras")
    expect(page.locator(".excerpt")).to_contain_text("zebras")
    search.fill("nothing like it")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    search.press("Escape")

    expect(page.locator(".entry")).to_have_count(1)
