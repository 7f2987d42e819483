"""Short units of database work for async code, on our own few threads.

The loop's thread never touches the ORM, and no connection outlives its unit of work: one that was kept while an LLM
was awaited cut two hundred concurrent runs to twenty.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="database")


async def in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` in a database thread and give its connection back."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: _unit(work, *args, **kwargs))


def _unit(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()
