"""The process that reads one file: bytes in, sections out, within limits on memory and time it cannot lift.

It knows nothing of Django, of the database or of any secret.
"""

import dataclasses
import json
import os
import resource
import sys
import traceback

from memory.reading import kinds, texts
from memory.reading.sections import DocumentRefused, Reading, Section, speaking, storable, text_of

MOST_MEMORY = 1_000_000_000  # bytes of address space
MOST_CPU_SECONDS = 60
MOST_CHARACTERS = 5_000_000

TEXTS = {kinds.PLAIN: texts.plain, kinds.MARKDOWN: texts.markdown, kinds.CSV: texts.table}


def main() -> None:
    _limit_ourselves()
    try:
        reading = _read(sys.stdin.buffer.read(), sys.argv[1])
        said = dataclasses.asdict(reading)
    except DocumentRefused as refusal:
        said = {"refused": str(refusal)}
    except (MemoryError, RecursionError):
        said = {"refused": "The file needs too much memory to be read. Split it."}
    except Exception:  # whatever a hostile file does to its reader, it ends here, in words
        traceback.print_exc()
        said = {"refused": "The file is damaged and cannot be read."}
    json.dump(said, sys.stdout)


def _limit_ourselves() -> None:
    os.nice(10)  # those who wait for answers come first
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(content: bytes, kind: str) -> Reading:
    found = [storable(section) for section in _sections(content, kind)]
    sections = speaking(found)
    if not sections:
        raise DocumentRefused("There is no text in this document.")
    text = kinds.decoded(content) if kind in TEXTS else text_of(found)
    if len(text) > MOST_CHARACTERS:
        raise DocumentRefused(f"The document has more than {MOST_CHARACTERS:,} characters of text. Split it.")
    return Reading(text, sections)


def _sections(content: bytes, kind: str) -> list[Section]:
    if kind == kinds.PDF:
        from memory.reading import pdf  # imported here: a plain text shall not wait for what reads PDFs

        return pdf.pages(content)
    if kind == kinds.DOCX:
        from memory.reading import word

        return word.sections(content)
    text = kinds.decoded(content)
    return texts.html(text) if kind == kinds.HTML else TEXTS[kind](text)


if __name__ == "__main__":
    main()
