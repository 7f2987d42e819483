"""Server-sent events as bytes arrive (WHATWG HTML, section 9.2): only the `data` of each event."""

LONGEST_LINE = 2_000_000  # bytes


class LineTooLong(Exception):
    """What arrives has no end of a line: it is no stream of events."""


class DataLines:
    """Feed it bytes in any cut; it gives the data of the events that are complete. Raises LineTooLong."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + received).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise LineTooLong
        events = []
        for line in lines:
            line = line.rstrip(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data = []
        return events

    def rest(self) -> list[bytes]:
        """The last event of a stream that ended without its blank line."""
        return self.feed(b"\n\n")
