"""Runs a command that dies with its worker: `python leash.py PARENT COMMAND…`, in a session of its own.

The kernel tells us when the worker is gone, even if it was killed, and we kill the whole process group, with what the
command itself has started. Needs nothing but the standard library, so that it is small and starts at once.
"""

import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: _kill_all())
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            _kill_all()
    child = subprocess.Popen(command)  # noqa: S603 - what an administrator has entered
    for end in (0, 1):  # so that each side sees when the other closes its pipe
        os.close(end)
    code = child.wait()
    print(f"(ended with exit code {code})", file=sys.stderr, flush=True)
    _kill_all()


def _kill_all() -> None:
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
