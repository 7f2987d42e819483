"""From sections to passages: short enough to quote, long enough to make sense, never across a heading."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from memory.reading import DocumentRefused, Section

TARGET_CHARS = 900
MAX_PASSAGES = 10_000
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])")


@dataclass(frozen=True)
class Piece:
    """A passage to be, and its place: the headings above it, and the page if there are pages."""

    place: str
    text: str
    page: int | None = None


def cut(sections: list[Section]) -> list[Piece]:
    """The sections as passages of about 900 characters, cut where paragraphs, lines or sentences end."""
    pieces: list[Piece] = []
    for section in sections:
        place = _place(section.headings)
        pieces += [Piece(place, text, section.page) for text in _join(_paragraphs(section.text))]
        if len(pieces) > MAX_PASSAGES:
            raise DocumentRefused(f"The document falls into more than {MAX_PASSAGES:,} passages. Split it.")
    return pieces


def _place(headings: tuple[str, ...]) -> str:
    place = " › ".join(headings)
    return place if len(place) <= 300 else place[:299] + "…"


def _join(parts: Iterator[str]) -> Iterator[str]:
    """Neighbouring paragraphs together, as long as they fit."""
    held = ""
    for part in parts:
        if held and len(held) + 2 + len(part) > TARGET_CHARS:
            yield held
            held = ""
        held = f"{held}\n\n{part}" if held else part
    if held:
        yield held


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.strip():
            yield from _fit(paragraph.strip("\n"))


def _fit(paragraph: str) -> Iterator[str]:
    """The paragraph, or where it is too long its lines, sentences, words, or at last plain slices, in lots that fit."""
    if len(paragraph) <= TARGET_CHARS:
        yield paragraph
        return
    held = ""
    for part in _smaller_parts(paragraph):
        if held and len(held) + len(part) > TARGET_CHARS:
            yield held.strip()
            held = ""
        held += part
    if held.strip():
        yield held.strip()


def _smaller_parts(text: str) -> Iterator[str]:
    for split in (_lines, _sentences, _words, _slices):
        parts = split(text)
        if len(parts) > 1:
            for part in parts:
                if len(part) <= TARGET_CHARS:
                    yield part
                else:
                    yield from _smaller_parts(part)
            return


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _sentences(text: str) -> list[str]:
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    return _cut_at(text, ends)


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*", text)


def _slices(text: str) -> list[str]:
    return _cut_at(text, list(range(TARGET_CHARS, len(text), TARGET_CHARS)))


def _cut_at(text: str, ends: list[int]) -> list[str]:
    bounds = [0, *ends, len(text)]
    return [text[start:end] for start, end in zip(bounds, bounds[1:], strict=False) if end > start]
