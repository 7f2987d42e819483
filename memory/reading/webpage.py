"""From HTML to text under its headings. Markup, scripts and styles are left behind.

The scanner is our own because the standard library's takes quadratic time on broken markup: two megabytes of `<a `
would hold a worker for hours.
"""

import re
from collections.abc import Iterator
from html import unescape

HIDDEN = {"title", "script", "style", "noscript", "template", "svg", "iframe", "object", "select", "textarea"}
RAW = {"title", "script", "style", "textarea"}  # nothing inside them is a tag
PARAGRAPHS = {"p", "div", "section", "article", "header", "footer", "main", "nav", "aside", "ul", "ol", "dl", "table"}
PARAGRAPHS |= {"blockquote", "pre", "figure", "figcaption", "form", "fieldset", "details", "summary", "body", "hr"}
LINES = {"br", "li", "tr", "dt", "dd", "caption"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}

TAG_START = re.compile(r"<(?=/?[a-zA-Z]|[!?])")
TAG_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:-]*")


def html_sections(html: str) -> list[tuple[tuple[str, ...], str]]:
    """Pairs of the headings above a text, the outermost first, and the text."""
    page = _Page()
    for tag, text in _tags_and_texts(html):
        if tag.startswith("/"):
            page.close(tag[1:])
        elif tag:
            page.open(tag)
        else:
            page.write(text)
    page.end_section()
    return page.sections


def _tags_and_texts(html: str) -> Iterator[tuple[str, str]]:
    """Each tag (its name, a slash before it when it closes) or text, in order, in one pass."""
    at = 0
    while start := TAG_START.search(html, at):
        if start.start() > at:
            yield "", unescape(html[at : start.start()])
        at = _tag_end(html, start.end())
        name = TAG_NAME.match(html, start.end())
        if name is None:
            continue
        tag = name[0].lower()
        yield tag, ""
        if tag in RAW:
            closing = re.compile(f"</{tag}", re.IGNORECASE).search(html, at)
            at = closing.start() if closing else len(html)
    if at < len(html):
        yield "", unescape(html[at:])


def _tag_end(html: str, at: int) -> int:
    """The place after a tag or comment; the end of the text for one that is never closed."""
    if html.startswith("!--", at):
        end = html.find("-->", at)
        return end + 3 if end >= 0 else len(html)
    end = html.find(">", at)
    for _ in range(3):  # a ">" inside a quoted attribute closes nothing
        if end < 0 or html.count('"', at, end) % 2 == 0:
            break
        end = html.find(">", end + 1)
    return end + 1 if end >= 0 else len(html)


class _Page:
    def __init__(self) -> None:
        self.sections: list[tuple[tuple[str, ...], str]] = []
        self._headings: list[tuple[int, str]] = []
        self._parts: list[str] = []
        self._hidden_by = ""
        self._hidden_depth = 0
        self._is_preformatted = False
        self._is_in_cell = False

    def open(self, tag: str) -> None:
        if self._hidden_by:
            self._hidden_depth += tag == self._hidden_by
        elif tag in HIDDEN:
            self._hidden_by, self._hidden_depth = tag, 1
        elif tag in HEADINGS:
            self.end_section()
        elif tag in PARAGRAPHS and not self._stays_in_row(tag):
            self._parts.append("\n\n")
            self._is_preformatted = tag == "pre"
        elif tag in LINES:
            self._parts.append("\n- " if tag == "li" else "\n")
            self._is_in_cell = False
        elif tag in {"td", "th"}:
            self._is_in_cell = True
            if self._parts and not self._parts[-1].endswith("\n"):
                self._parts.append(" | ")

    def close(self, tag: str) -> None:
        if self._hidden_by:
            self._hidden_depth -= tag == self._hidden_by
            self._hidden_by = self._hidden_by if self._hidden_depth else ""
        elif tag in HEADINGS:
            self._start_section(level=int(tag[1]))
        elif tag in {"td", "th"}:
            self._is_in_cell = False
        elif tag in PARAGRAPHS and not self._stays_in_row(tag):
            self._parts.append("\n\n")
            self._is_preformatted = False

    def _stays_in_row(self, tag: str) -> bool:
        """A row of a table is one line, also where its cells hold paragraphs."""
        self._is_in_cell = self._is_in_cell and tag in {"p", "div"}
        return self._is_in_cell

    def write(self, text: str) -> None:
        if self._hidden_by:
            return
        if not self._is_preformatted:
            text = re.sub(r"\s+", " ", text)
            if not self._parts or self._parts[-1].endswith("\n"):
                text = text.lstrip()
        self._parts.append(text)

    def end_section(self) -> None:
        text = _tidy("".join(self._parts))
        self._parts.clear()
        if text or self._headings:
            self.sections.append((tuple(title for _, title in self._headings), text))

    def _start_section(self, *, level: int) -> None:
        title = " ".join("".join(self._parts).split())
        self._parts.clear()
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        if title:
            self._headings.append((level, title))


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n\s*\n", "\n\n", "\n".join(lines)).strip("\n ")
