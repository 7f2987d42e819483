"""What comes out of a file: its text, and the same in sections that know where they stand."""

from dataclasses import dataclass
from itertools import pairwise


class DocumentRefused(Exception):
    """The document cannot be used; the message says why, for the person who gave it."""


@dataclass(frozen=True)
class Section:
    """A stretch of text, the headings above it, the outermost first, and the page it stands on, if there are pages."""

    headings: tuple[str, ...]
    text: str
    page: int | None = None


@dataclass(frozen=True)
class Reading:
    """A whole file: `text` as one reads it from the first line to the last, and the same cut into sections."""

    text: str
    sections: list[Section]


def storable(section: Section) -> Section:
    """The same without what a database cannot keep: halves of characters, zero bytes."""
    return Section(tuple(_storable(title) for title in section.headings), _storable(section.text), section.page)


def _storable(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def speaking(sections: list[Section]) -> list[Section]:
    """Without the empty ones; a heading with nothing under it is a text of its own."""
    kept = []
    for section, following in pairwise([*sections, Section((), "")]):
        depth = len(section.headings)
        if section.text.strip():
            kept.append(section)
        elif section.headings and following.headings[:depth] != section.headings:
            kept.append(Section(section.headings[:-1], section.headings[-1], section.page))
    return kept


def text_of(sections: list[Section]) -> str:
    """The sections one after the other, under their headings and the numbers of their pages."""
    parts: list[str] = []
    before: tuple[str, ...] = ()
    for section in sections:
        if section.page is not None:
            parts.append(f"[Page {section.page}]")
        for depth, title in enumerate(section.headings):
            if section.headings[: depth + 1] != before[: depth + 1]:
                parts.append(f"{'#' * (depth + 1)} {title}")
        before = section.headings
        if section.text.strip():
            parts.append(section.text.strip("\n"))
    return "\n\n".join(parts)
