"""The outside processes Plumbline works with: those the environment names, else embedded ones that we start."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.services import examine, postgres, redis
from config.services.errors import ServiceError
from config.services.files import make_folders
from config.services.sharing import Share

__all__ = ["ServiceError", "Services", "revive", "running"]


@dataclass(frozen=True)
class Services:
    """Where the database and Redis are."""

    database_url: str
    redis_url: str


@contextmanager
def running(var_dir: Path, *, say: Callable[[str], None] = print, durable: bool = True) -> Iterator[Services]:
    """The services, ready for use until the end of the block; whoever goes last stops the embedded ones.

    With `durable=False` the embedded ones are fast and forgetful, and their data is gone at the end. Raises
    `ServiceError` with a sentence for the person who started us.
    """
    make_folders(var_dir)
    named = {
        "DATABASE_URL": os.environ.get("DATABASE_URL", "").strip(),
        "REDIS_URL": os.environ.get("REDIS_URL", "").strip(),
    }
    with ExitStack() as stack:
        shares = {
            name: Share(service, var_dir, is_durable=durable, say=say)
            for name, service in (("DATABASE_URL", postgres), ("REDIS_URL", redis))
            if not named[name]
        }
        for share in shares.values():  # all are asked before the first is waited for
            stack.callback(share.leave)
            share.ask()
        urls = named | {name: share.wait() for name, share in shares.items()}
        if named["DATABASE_URL"]:
            examine.database(named["DATABASE_URL"])
        if named["REDIS_URL"]:
            examine.redis(named["REDIS_URL"])
        yield Services(urls["DATABASE_URL"], urls["REDIS_URL"])


def revive(var_dir: Path, found: Services, *, say: Callable[[str], None] = print) -> None:
    """Start those embedded services again that were killed from outside while we use them."""
    for service, url in ((postgres, found.database_url), (redis, found.redis_url)):
        share = Share(service, var_dir, is_durable=True, say=say)
        if share.address() == url:
            share.revive()
