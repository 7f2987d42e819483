"""Runs children side by side: shows what they say, starts them again when they die, ends them in order."""

import selectors
import sys
import time
from collections.abc import Callable
from typing import IO

from config.services.processes import Child, StopRequest

COLOURS = ("36", "35", "33", "32", "34")
WIDTH = 7
PARTING_SECONDS = 1.5


class Supervisor:
    """The first child is asked to stop first and gets `drain_seconds`; the others follow once it has ended."""

    def __init__(self, children: list[Child], *, drain_seconds: float):
        self.children = children
        self.drain_seconds = drain_seconds
        self.stop = StopRequest()
        self.outputs = selectors.DefaultSelector()
        self.outputs.register(self.stop.reader, selectors.EVENT_READ)
        self.unfinished: dict[str, bytes] = {}

    def run(self, *, every_second: Callable[[], None]) -> None:
        """Until we are asked to stop. Whatever happens, no child is left behind."""
        if self.stop:
            return
        try:
            for child in self.children:
                self._start(child)
            due = 0.0
            while not self.stop:
                self._show_output(0.2)
                if time.monotonic() >= due:
                    self._keep_alive()
                    every_second()
                    due = time.monotonic() + 1
        finally:
            self._stop_all()

    def say(self, text: str) -> None:
        self._print("serve", text, "1")

    def _start(self, child: Child) -> None:
        child.start()
        self._watch(child)

    def _keep_alive(self) -> None:
        for child in self.children:
            if child.keep_alive(self.say):
                self._watch(child)

    def _watch(self, child: Child) -> None:
        assert child.process is not None
        assert child.process.stdout is not None
        self.outputs.register(child.process.stdout, selectors.EVENT_READ, child)

    def _show_output(self, seconds: float) -> None:
        for key, _ in self.outputs.select(seconds):
            if key.data is None:
                self.stop.clear()
            else:
                self._show(key.data, key.fileobj)  # type: ignore[arg-type]

    def _show(self, child: Child, output: IO[bytes]) -> None:
        part = output.read1(65536)  # type: ignore[attr-defined]
        *lines, rest = (self.unfinished.pop(child.name, b"") + part).split(b"\n")
        if not part:
            self.outputs.unregister(output)
            output.close()
            lines, rest = [*lines, rest] if rest else lines, b""
        if rest:
            self.unfinished[child.name] = rest
        colour = COLOURS[self.children.index(child) % len(COLOURS)]
        for line in lines:
            self._print(child.name, line.decode(errors="replace").rstrip(), colour)

    def _print(self, name: str, text: str, colour: str) -> None:
        mark = f"\033[{colour}m{name:<{WIDTH}}│\033[0m" if sys.stdout.isatty() else f"{name:<{WIDTH}}|"
        try:
            print(mark, text, flush=True)
        except BrokenPipeError:  # nobody reads us any more
            sys.stdout = sys.stderr
            self.stop.count += 1

    def _stop_all(self) -> None:
        first, *others = self.children
        asked = self.stop.count
        deadline = time.monotonic() + self.drain_seconds
        self.say("Stopping. What is being answered gets a few seconds to come to a good end.")
        first.ask_to_stop()
        self._await([first], deadline, asked)
        for child in others:
            child.ask_to_stop()
        self._await(others, deadline + PARTING_SECONDS, asked)

    def _await(self, children: list[Child], deadline: float, asked: int) -> None:
        """Until they have ended, or the time is over, or we are asked to stop once more; then they are killed."""
        while any(child.is_running for child in children) and time.monotonic() < deadline and self.stop.count <= asked:
            self._show_output(0.05)
        for child in children:
            if child.is_running:
                self.say(f"The {child.name} did not end by itself and was killed.")
            child.kill()
