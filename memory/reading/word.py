"""From a Word file to sections under its headings, tables row by row. Runs only in a process of its own."""

import io
import zipfile
from typing import Any
from xml.parsers.expat import ExpatError

import mammoth

from memory.reading.sections import DocumentRefused, Section
from memory.reading.webpage import html_sections

MOST_UNPACKED = 100_000_000  # bytes
DAMAGED = "The Word file is damaged and cannot be read."


def sections(content: bytes) -> list[Section]:
    """The text of a .docx, by way of HTML, whose headings and tables we know how to read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                raise DocumentRefused("The Word file unpacks to more than 100 MB. Split it.")
        page = mammoth.convert_to_html(io.BytesIO(content), convert_image=mammoth.images.img_element(_no_picture))
    except (zipfile.BadZipFile, KeyError, ExpatError, ValueError, OSError) as error:
        raise DocumentRefused(DAMAGED) from error
    return [Section(headings, text) for headings, text in html_sections(page.value)]


def _no_picture(image: Any) -> dict[str, str]:
    return {}
