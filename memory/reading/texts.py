"""From texts of all kinds to sections: plain ones, Markdown, web pages, tables."""

import csv
import io
import re

from memory.reading.sections import DocumentRefused, Section
from memory.reading.webpage import html_sections


def plain(text: str) -> list[Section]:
    return [Section((), text)]


def markdown(text: str) -> list[Section]:
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


def html(text: str) -> list[Section]:
    return [Section(headings, text) for headings, text in html_sections(text)]


def table(text: str) -> list[Section]:
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
        return plain(text)
    names = [name.strip() for name in rows[0]]
    return [Section((), "\n".join(_row(names, row) for row in rows[1:]))]


def _row(names: list[str], row: list[str]) -> str:
    named = [*names, *("" for _ in row[len(names) :])]
    cells = [(name, " ".join(value.split())) for name, value in zip(named, row, strict=False)]
    return "; ".join(f"{name}: {value}" if name else value for name, value in cells if value)
