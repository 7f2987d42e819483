"""Files whose locks say who is there. The kernel lets go of them whatever happens to their holder."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path


class Held:
    """An open file with a lock on it, until `release` or the end of the process."""

    def __init__(self, handle: int):
        self.handle = handle

    def release(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


def take(file: Path) -> Held | None:
    """The file for ourselves alone, or None while another holds it."""
    return _locked(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def share(file: Path) -> Held:
    """A place among those who use it. Waits while somebody has it alone."""
    held = _locked(file, fcntl.LOCK_SH)
    assert held is not None
    return held


def is_held(file: Path) -> bool:
    """Whether anybody has it, alone or shared."""
    if not file.exists():
        return False
    mine = take(file)
    if mine is None:
        return True
    mine.release()
    return False


class Turn:
    """One process at a time. Taking it twice is taking it once."""

    def __init__(self, file: Path):
        self.file = file
        self.held: Held | None = None

    def take(self, *, if_busy: Callable[[], None] = lambda: None) -> None:
        """Wait until it is ours; `if_busy` is called once when that takes a while."""
        if self.held is None:
            self.held = take(self.file)
        if self.held is None:
            if_busy()
            self.held = _locked(self.file, fcntl.LOCK_EX)

    def release(self) -> None:
        if self.held is not None:
            self.held.release()
            self.held = None


def _locked(file: Path, how: int) -> Held | None:
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, how)
    except BlockingIOError:
        os.close(handle)
        return None
    return Held(handle)
