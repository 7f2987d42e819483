"""Short units of database work for async code, on our own few threads.

The loop's thread never touches the ORM, and no connection outlives its unit of work: one that was kept while an LLM
was awaited cut two hundred concurrent runs to twenty.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import OperationalError, close_old_connections, connection

P = ParamSpec("P")
T = TypeVar("T")

_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="database")


async def in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` in a database thread and give its connection back."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: _unit(work, *args, **kwargs))


async def patiently(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `in_database`, but wait for a database that is away: a reply that was paid for or a tool's result is at stake.

    For no longer than a lease lasts. Whether the lease still holds is for `work` to find out.
    """

    def late() -> T:
        _await_connection(time.monotonic() + settings.RUN_LEASE_SECONDS)
        return work(*args, **kwargs)

    return await in_database(late)


def _unit(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()


def _await_connection(deadline: float) -> None:
    """Only what comes before the first statement is tried again, so that nothing can be done twice."""
    while True:
        try:
            connection.ensure_connection()  # the pool waits some seconds for one that works
            return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
