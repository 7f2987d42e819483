"""From the bytes of a file to its text. What a file is, its content tells; how it is read, a process of its own."""

from memory.reading.apart import read
from memory.reading.kinds import ACCEPTED, MAX_BYTES, kind_of, media_type_of
from memory.reading.sections import DocumentRefused, Reading, Section

__all__ = ["ACCEPTED", "MAX_BYTES", "DocumentRefused", "Reading", "Section", "kind_of", "media_type_of", "read"]
