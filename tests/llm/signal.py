"""Something that happens once, awaited from another thread: with `await` in async tests, without in others."""

import asyncio
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
SECONDS = 10


class Signal(Generic[T]):
    def __init__(self, what: str) -> None:
        self.what = what
        self._future: Future[T] = Future()
        self._future.set_running_or_notify_cancel()  # a waiter who gives up must not cancel it for the others

    @property
    def is_set(self) -> bool:
        return self._future.done()

    def set(self, value: T) -> None:
        if not self._future.done():
            self._future.set_result(value)

    async def here(self) -> T:
        """Wait as long as it takes."""
        return await asyncio.wrap_future(self._future)

    async def soon(self, seconds: float = SECONDS) -> T:
        try:
            return await asyncio.wait_for(self.here(), seconds)
        except TimeoutError:
            raise AssertionError(self._too_late(seconds)) from None

    def wait(self, seconds: float = SECONDS) -> T:
        try:
            return self._future.result(seconds)
        except TimeoutError:
            raise AssertionError(self._too_late(seconds)) from None

    def _too_late(self, seconds: float) -> str:
        return f"In {seconds:g} seconds it did not happen: {self.what}."
