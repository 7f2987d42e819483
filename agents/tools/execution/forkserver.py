"""Forks one process for each call of a blocking tool: `python -m agents.tools.execution.forkserver FD`.

It has one thread and opens no connection, so forking it is safe, and Django is loaded once for all calls. It holds a
copy of each call's line only to see its worker let go; then, or when the function has ended, the call's whole process
group is killed. Not built on `multiprocessing`: that imports the worker's main module again and cannot kill a group.
"""

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable

MOST_AT_ONCE = 16
PR_SET_PDEATHSIG = 1


class Server:
    """The calls under way, by process, and those that wait until one of them has ended."""

    def __init__(self, control: socket.socket, work: Callable[[socket.socket], None]) -> None:
        self._control, self._work = control, work
        self._waiting: deque[socket.socket] = deque()
        self._running: dict[int, socket.socket] = {}
        self._woken, self._waker = socket.socketpair()
        self._poll = select.poll()

    def serve(self) -> None:
        """Until the worker is gone."""
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poll.register(self._control, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)
        while True:
            for fd, _ in self._poll.poll():
                if fd == self._control.fileno():
                    if not self._take_call():
                        return self._end()
                elif fd != self._woken.fileno():
                    self._let_go(fd)
            self._reap()
            while self._waiting and len(self._running) < MOST_AT_ONCE:
                self._start(self._waiting.popleft())

    def _take_call(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._control, 1, 1)
        for fd in fds:
            line = socket.socket(fileno=fd)
            self._waiting.append(line)
        return bool(data)

    def _start(self, line: socket.socket) -> None:
        pid = os.fork()
        if pid == 0:
            self._become_call(line)
        with contextlib.suppress(OSError):  # the child does the same; whoever is first
            os.setpgid(pid, pid)
        self._running[pid] = line
        self._poll.register(line, 0)  # nothing but the hang-up

    def _become_call(self, line: socket.socket) -> None:
        """In the child: never returns."""
        try:
            _die_with(os.getppid())
            with contextlib.suppress(OSError):
                os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in [self._control, self._woken, self._waker, *self._waiting, *self._running.values()]:
                other.close()
            self._work(line)
        finally:
            os._exit(1)

    def _let_go(self, fd: int) -> None:
        for pid, line in self._running.items():
            if line.fileno() == fd:
                self._poll.unregister(fd)
                _kill_group(pid)
                return

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                line = self._running.pop(pid)
                _kill_group(pid)  # what the function itself had started
                self._hang_up(line, os.waitstatus_to_exitcode(status))

    def _hang_up(self, line: socket.socket, code: int) -> None:
        with contextlib.suppress(KeyError):
            self._poll.unregister(line)
        with contextlib.suppress(OSError):
            line.send(_line("died", _cause_of_death(code)), socket.MSG_DONTWAIT)
        line.close()

    def _end(self) -> None:
        for pid in self._running:
            _kill_group(pid)


def _die_with(server: int) -> None:
    """No call outlives us, even if we are killed: our own end would leave nobody to see the worker let go."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _cause_of_death(code: int) -> str:
    if code >= 0:
        return f"its process ended without an answer (exit code {code})"
    return f"its process was killed by {signal.Signals(-code).name}"


def _line(kind: str, words: str, **more: object) -> bytes:
    return json.dumps({"kind": kind, "words": words, **more}, ensure_ascii=False).encode() + b"\n"


def main(control: int) -> None:
    """Load what every call needs, once; then serve."""
    import django

    django.setup()
    from agents.tools.execution.call import answer
    from agents.tools.registry import all_tools

    all_tools()
    gc.collect()
    gc.freeze()  # so that the pages of what is loaded stay shared
    Server(socket.socket(fileno=control), answer).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
