"""What a file is. Its first bytes count, not its name and not what the sender declares; those only tell texts apart."""

import codecs
import mimetypes

from memory.reading.sections import DocumentRefused

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PLAIN, MARKDOWN, HTML, CSV = "text/plain", "text/markdown", "text/html", "text/csv"

ACCEPTED = "PDF, Word (.docx), HTML, Markdown, CSV, plain text and source code"
MAX_BYTES = 20_000_000  # of a PDF or a Word file, most of which is pictures
MAX_TEXT_BYTES = 5_000_000

BY_ENDING = {".md": MARKDOWN, ".markdown": MARKDOWN, ".csv": CSV, ".tsv": CSV}
TEXTS = {"text/x-markdown": MARKDOWN, "text/tab-separated-values": CSV, "application/xhtml+xml": HTML}
TEXTS |= {kind: kind for kind in (MARKDOWN, HTML, CSV)}
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PAGE_STARTS = (b"<!doctype html", b"<html")
SAMPLE = 1_024


def kind_of(content: bytes, declared: str) -> str:
    """The kind of a file, as one of our media types. Raises `DocumentRefused` for what can be told at a glance."""
    if not content.strip():
        raise DocumentRefused("The document is empty.")
    kind = _by_content(content) or _text_kind(content, declared)
    most = MAX_BYTES if kind in (PDF, DOCX) else MAX_TEXT_BYTES
    if len(content) > most:
        size = len(content) / 1_000_000
        raise DocumentRefused(
            f"The document has {size:.1f} MB; at most {most / 1_000_000:.0f} MB are accepted. Split it."
        )
    return kind


def media_type_of(filename: str) -> str:
    """The media type a file's name tells, empty when it tells none."""
    name = filename.lower()
    told = next((kind for ending, kind in BY_ENDING.items() if name.endswith(ending)), None)
    return told or mimetypes.guess_type(filename)[0] or ""


def decoded(content: bytes) -> str:
    """The content as text, its lines ending as ours do."""
    text = _decoded_as_marked(content)
    if text is None:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise DocumentRefused(f"This is not a text file. Accepted are {ACCEPTED}.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _by_content(content: bytes) -> str | None:
    if b"%PDF-" in content[:SAMPLE]:
        return PDF
    if content.startswith(b"PK\x03\x04"):
        if b"word/" in content:
            return DOCX
        raise DocumentRefused(f"Archives, spreadsheets and slides cannot be read. Accepted are {ACCEPTED}.")
    if content.startswith(OLD_OFFICE):
        raise DocumentRefused(
            "This is an old Office file, or one that is locked with a password. Save it as .docx without a password."
        )
    return None


def _text_kind(content: bytes, declared: str) -> str:
    decoded(content[:MAX_TEXT_BYTES])
    if content[:SAMPLE].lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower().startswith(PAGE_STARTS):
        return HTML
    return TEXTS.get(declared.partition(";")[0].strip().lower(), PLAIN)


def _decoded_as_marked(content: bytes) -> str | None:
    if content.startswith(codecs.BOM_UTF8):
        return content.decode("utf-8-sig", errors="replace")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    return None
