"""A stack whose PostgreSQL and Valkey are its own, started by our own keepers, so that a drill may take them away."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

from celery import Celery
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from accounts.models import User
from config import services
from tests.loopback import free_port
from tests.stack import Stack

PONG_SECONDS = 1


@dataclass(frozen=True)
class Place:
    """The folder of a private pair of services, and their addresses."""

    var_dir: Path
    database_url: str
    redis_url: str


class PrivateStack(Stack):
    """Web, worker and beat on services that nobody else uses."""

    def __init__(self, llm_url: str, place: Place) -> None:
        super().__init__(llm_url)
        port = str(free_port())
        self.place = place
        self.url = f"http://127.0.0.1:{port}"
        self._celery = Celery("drill", set_as_current=False)
        self._celery.conf.update(settings.CELERY | {"broker_url": place.redis_url})
        self._cookie_name = f"plumbline-{port}"
        self._env |= {
            "DJANGO_SETTINGS_MODULE": "tests.drills.services.settings",
            "DATABASE_URL": place.database_url,
            "REDIS_URL": place.redis_url,
            "VAR_DIR": str(place.var_dir),
            "PORT": port,
        }

    def cookie_of(self, user: User) -> str:
        _, _, value = super().cookie_of(user).partition("=")
        return f"{self._cookie_name}={value}"

    def _are_workers_ready(self) -> bool:
        expected = {f"{worker.name}@tests" for worker in self.workers if worker.is_running}
        answers = self._celery.control.ping(timeout=PONG_SECONDS, limit=len(expected), destination=list(expected))
        return expected <= {name for answer in answers for name in answer}


@contextmanager
def private_stack(llm_url: str) -> Iterator[PrivateStack]:
    """The whole of it, ready for use; this process's rows are those of its database until the end of the block."""
    with private_services() as place, rows_of(place), override_settings(LEDGER_FILE=place.var_dir / "ledger.jsonl"):
        call_command("migrate", verbosity=0)
        stack = PrivateStack(llm_url, place)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


@contextmanager
def private_services() -> Iterator[Place]:
    """PostgreSQL and Valkey as an operator has them: what they have committed is on the disk."""
    var_dir = Path(tempfile.mkdtemp(prefix="plumbline-drill-"))
    var_dir.chmod(0o755)  # the services' own user must be able to enter
    with ExitStack() as opened:
        opened.callback(shutil.rmtree, var_dir, ignore_errors=True)
        with mock.patch.dict(os.environ):
            for name in ("DATABASE_URL", "REDIS_URL"):
                os.environ.pop(name, None)
            found = opened.enter_context(services.running(var_dir, say=lambda line: None))
        yield Place(var_dir, found.database_url, found.redis_url)


@contextmanager
def rows_of(place: Place) -> Iterator[None]:
    """Let this process read and write the rows of another database, by a connection it may lose."""
    before = connection.settings_dict.copy()
    parts = urlsplit(place.database_url)
    connection.close()
    connection.settings_dict |= {
        "HOST": parts.hostname, "PORT": parts.port, "USER": parts.username, "PASSWORD": parts.password,
        "NAME": parts.path.lstrip("/"), "OPTIONS": {},
    }  # fmt: skip
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= before
