"""What must be in place before anything is served: the tables, the static files, somebody who may log in."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

LOCK = 0x706C756D62  # any number, as long as it is always the same: "plumb"
Say = Callable[[str], None]


@dataclass(frozen=True)
class FirstAdmin:
    email: str
    password: str
    is_generated: bool


def prepare(say: Say) -> FirstAdmin | None:
    """Prepare everything; the first administrator if one had to be made. Several processes may do it at once."""
    with _alone():
        migrate(say)
        admin = create_first_admin()
    collect_static_files(say)
    return admin


def migrate(say: Say) -> None:
    if missing := len(missing_migrations()):
        say(f"Bringing the database up to date ({missing} {'step' if missing == 1 else 'steps'}).")
        call_command("migrate", interactive=False, verbosity=0)


def missing_migrations() -> list[str]:
    """Those of the migrations that the database has not seen."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def create_first_admin() -> FirstAdmin | None:
    """An administrator with a password, unless there are people already."""
    people = get_user_model().objects
    with transaction.atomic():
        if people.exists():
            return None
        password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
        people.create_superuser(settings.ADMIN_EMAIL, password)
    return FirstAdmin(settings.ADMIN_EMAIL, password, is_generated=not settings.ADMIN_PASSWORD)


def collect_static_files(say: Say) -> None:
    """Copy them together, unless none has changed since the last time."""
    stamp = settings.STATIC_ROOT / ".stamp"
    state = static_state()
    if stamp.exists() and stamp.read_text() == state:
        return
    say("Collecting the static files.")
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(state)


def static_state() -> str:
    """Changes whenever a static file does, or the way they are stored."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    """Two processes never migrate one database at once: the second waits, and then finds nothing to do."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        connection.close()
