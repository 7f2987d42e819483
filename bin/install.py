"""Make `.venv` and install a file of requirements into it, saying how far it is: `install.py requirements.txt`.

Runs with the Python of the machine and nothing but its standard library.
"""

import fcntl
import importlib.util
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
QUIET_SECONDS = 3
DOWNLOAD = re.compile(r"\s*Downloading (?P<file>[^/\s]+?)-\d\S* \((?P<size>[\d.]+ [MG]B)\)")


def main(requirements: str) -> int:
    fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)  # a second start at the same time waits for the first
    if is_installed(requirements):
        return 0
    started = time.monotonic()
    say(f"Installing what {requirements} names into .venv (about a minute on the first start) …")
    if not works(PYTHON) and not make_venv():
        return 1
    if not install(requirements):
        return 1
    note_installed(requirements)
    say(f"Installed in {time.monotonic() - started:.0f} s.")
    return 0


def is_installed(requirements: str) -> bool:
    return works(PYTHON) and all(
        same(ROOT / name, VENV / "installed" / name) for name in {"requirements.txt", requirements}
    )


def works(python: Path) -> bool:
    """Whether the virtual environment is whole: its Python runs, is new enough and has pip."""
    test = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return python.exists() and subprocess.run([python, "-c", test], capture_output=True, check=False).returncode == 0


def make_venv() -> bool:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        say(
            "This Python lacks its module venv, so Plumbline cannot be installed: "
            f"install it (on Debian and Ubuntu: apt install python3.{sys.version_info.minor}-venv) and start again."
        )
        return False
    shutil.rmtree(VENV, ignore_errors=True)
    return follow([sys.executable, "-m", "venv", str(VENV)], "making .venv")


def install(requirements: str) -> bool:
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
    return follow([*pip, "--root-user-action", "ignore", "-r", str(ROOT / requirements)], "installing")


def follow(command: list[str], doing: str) -> bool:
    """Run it and tell what a person wants to know of its output; all of it if it fails."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=pump, args=(process, lines), daemon=True).start()
    said: list[str] = []
    started = time.monotonic()
    while True:
        try:
            line = lines.get(timeout=QUIET_SECONDS)
        except queue.Empty:
            say(f"  … {doing}, {time.monotonic() - started:.0f} s")
            continue
        if line is None:
            break
        said.append(line)
        if news := worth_saying(line):
            say(f"  {news}")
    if process.wait():
        say("".join(said[-30:]))
        say(f"Failed while {doing}: the reason is above. Nothing else was changed; start again once it is mended.")
    return process.returncode == 0


def pump(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def worth_saying(line: str) -> str:
    """Big downloads and the last step; the rest of what pip says is for when it fails."""
    if found := DOWNLOAD.match(line):
        return f"{found['file']}, {found['size']}"
    if line.startswith("Installing collected packages"):
        return f"unpacking {line.count(',') + 1} packages"
    return ""


def note_installed(requirements: str) -> None:
    folder = VENV / "installed"
    folder.mkdir(exist_ok=True)
    for name in ("requirements.txt", requirements):
        shutil.copyfile(ROOT / name, folder / name)


def same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
