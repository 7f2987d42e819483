"""From a PDF to its pages. Runs only in a process of its own: a PDF can be made to hold any reader for ever."""

import io
import re

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from memory.reading.sections import DocumentRefused, Section

MAX_PAGES = 2_000
DAMAGED = "The PDF is damaged and cannot be read."
BROKEN_WORD = re.compile(r"(?<=[a-zà-ÿ])[-\u00ad]\n(?=[a-zà-ÿ])")


def pages(content: bytes) -> list[Section]:
    """The text of each page that has one."""
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentRefused("The PDF is locked with a password. Save it without one.")
        count = len(reader.pages)
    except PyPdfError as error:
        raise DocumentRefused(DAMAGED) from error
    if count > MAX_PAGES:
        raise DocumentRefused(f"The PDF has {count:,} pages; at most {MAX_PAGES:,} are read. Split it.")
    texts = [_text(reader, number) for number in range(count)]
    if all(text is None for text in texts):
        raise DocumentRefused(DAMAGED)
    found = [Section((), text or "", number) for number, text in enumerate(texts, start=1)]
    if not any(page.text.strip() for page in found):
        raise DocumentRefused(
            "There is no text in this PDF; its pages seem to be pictures. Run it through text recognition (OCR) first."
        )
    return found


def _text(reader: PdfReader, number: int) -> str | None:
    """None for a page that cannot be read: one that is damaged does not cost the others."""
    try:
        text = reader.pages[number].extract_text()
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    text = "\n".join(line.rstrip() for line in text.replace("\0", "").split("\n"))
    return BROKEN_WORD.sub("", text)
