"""From the bytes of a file to its text, in sections that know the headings they stand under."""

import codecs
import csv
import io
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from memory.webpage import html_sections

MAX_BYTES = 2_000_000
ACCEPTED = "plain text (.txt), Markdown (.md), HTML (.html) and CSV (.csv)"


class DocumentRefused(Exception):
    """The document cannot be used; the message says why, for the person who gave it."""


@dataclass(frozen=True)
class Section:
    """A stretch of text and the headings above it, the outermost first."""

    headings: tuple[str, ...]
    text: str


def read(content: bytes, media_type: str) -> list[Section]:
    """The text of a document, section by section. Raises `DocumentRefused`."""
    check(content, media_type)
    text = _decode(content)
    sections = _speaking(READERS[media_type](text))
    if not sections:
        raise DocumentRefused("There is no text in this document.")
    return sections


def _speaking(sections: list[Section]) -> list[Section]:
    """Without the empty ones; a heading with nothing under it is a text of its own."""
    kept = []
    for section, following in pairwise([*sections, Section((), "")]):
        depth = len(section.headings)
        if section.text.strip():
            kept.append(section)
        elif section.headings and following.headings[:depth] != section.headings:
            kept.append(Section(section.headings[:-1], section.headings[-1]))
    return kept


def check(content: bytes, media_type: str) -> None:
    """Raises `DocumentRefused` for what can be told at a glance, so that an upload is answered at once."""
    if media_type not in READERS:
        raise DocumentRefused(f"{media_type or 'This kind of file'} cannot be read yet. Accepted are {ACCEPTED}.")
    if len(content) > MAX_BYTES:
        size = len(content) / 1_000_000
        raise DocumentRefused(
            f"The document has {size:.1f} MB; at most {MAX_BYTES / 1_000_000:.0f} MB are accepted. Split it."
        )
    if not content.strip():
        raise DocumentRefused("The document is empty.")
    _decode(content)


def media_type_of(filename: str) -> str:
    """The media type a file's name tells, empty when it tells none."""
    if filename.lower().endswith((".md", ".markdown")):
        return "text/markdown"
    if filename.lower().endswith(".csv"):
        return "text/csv"
    return mimetypes.guess_type(filename)[0] or ""


def _decode(content: bytes) -> str:
    text = _decode_as_marked(content)
    if text is None:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise DocumentRefused(f"This is not a text file. Accepted are {ACCEPTED}.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_as_marked(content: bytes) -> str | None:
    if content.startswith(codecs.BOM_UTF8):
        return content.decode("utf-8-sig", errors="replace")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    return None


def _plain(text: str) -> list[Section]:
    return [Section((), text)]


def _markdown(text: str) -> list[Section]:
    sections: list[Section] = []
    headings: list[tuple[int, str]] = []
    lines: list[str] = []
    fence = ""

    def close() -> None:
        sections.append(Section(tuple(title for _, title in headings), "\n".join(lines).strip("\n")))
        lines.clear()

    for line in text.split("\n"):
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        heading = None if fence else _markdown_heading(line, lines)
        if heading is None:
            lines.append(line)
            continue
        level, title = heading
        close()
        while headings and headings[-1][0] >= level:
            headings.pop()
        headings.append((level, title))
    close()
    return sections


def _markdown_heading(line: str, before: list[str]) -> tuple[int, str] | None:
    """The level and title of a heading that ends with this line; an underlined title is taken out of `before`."""
    hashes = re.match(r" {0,3}(#{1,6})[ \t]+(\S.*)", line)
    if hashes:
        return len(hashes[1]), re.sub(r"\s#+$", "", hashes[2].rstrip()).rstrip()
    underline = re.fullmatch(r" {0,3}(={2,}|-{2,})\s*", line)
    is_alone = len(before) < 2 or not before[-2].strip()
    if underline and before and is_alone and re.match(r" {0,3}[^\s\-*+>|#]", before[-1]):
        return (1 if underline[1][0] == "=" else 2), before.pop().strip()
    return None


def _html(text: str) -> list[Section]:
    return [Section(headings, text) for headings, text in html_sections(text)]


def _csv(text: str) -> list[Section]:
    """One line a row, each value beside the name of its column, so that a row makes sense alone."""
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:10_000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [row for row in csv.reader(io.StringIO(text), dialect) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DocumentRefused(f"The CSV file cannot be read: {error}.") from error
    if len(rows) < 2:
        return _plain(text)
    names = [name.strip() for name in rows[0]]
    return [Section((), "\n".join(_csv_line(names, row) for row in rows[1:]))]


def _csv_line(names: list[str], row: list[str]) -> str:
    named = [*names, *("" for _ in row[len(names) :])]
    cells = [(name, " ".join(value.split())) for name, value in zip(named, row, strict=False)]
    return "; ".join(f"{name}: {value}" if name else value for name, value in cells if value)


READERS: dict[str, Callable[[str], list[Section]]] = {
    "text/plain": _plain,
    "text/markdown": _markdown,
    "text/html": _html,
    "text/csv": _csv,
}
