"""The services we start ourselves, as the processes that use them see them."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from config.services import running
from tests.setup.commands import descendants, is_running, until


@pytest.fixture(autouse=True)
def _nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the services of this test session."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def var_dir(var_dirs: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    return var_dirs / request.node.name


def silently(text: str) -> None:
    pass


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(question)
        row = answer.fetchone() if answer.description else None
        return row[0] if row else None


def test_a_fresh_database_has_vectors_and_gives_nobody_power_over_the_machine(var_dir: Path) -> None:
    with running(var_dir, say=silently, durable=False) as found:
        assert ask(found.database_url, "SELECT '[1,2]'::vector <-> '[1,3]'") == 1
        assert ask(found.database_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert ask(found.database_url, "SHOW server_encoding") == "UTF8"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            ask(found.database_url.replace("plumbline:", "plumbline:wrong"), "SELECT 1")


def test_redis_asks_for_a_password_and_never_throws_away(var_dir: Path) -> None:
    with running(var_dir, say=silently, durable=False) as found:
        assert Redis.from_url(found.redis_url).info("memory")["maxmemory_policy"] == "noeviction"
        with pytest.raises(AuthenticationError):
            Redis.from_url(found.redis_url.rpartition("@")[2].join(("redis://", ""))).ping()


def test_whoever_leaves_last_ends_the_services(var_dir: Path) -> None:
    before = set(descendants(os.getpid()))
    with running(var_dir, say=silently, durable=False) as first:
        with running(var_dir, say=silently, durable=False) as second:
            assert second == first
        assert ask(first.database_url, "SELECT 1") == 1
        family = set(descendants(os.getpid())) - before

    assert family
    assert not any(map(is_running, family))
    with pytest.raises(psycopg.OperationalError):
        ask(first.database_url, "SELECT 1")


def test_what_was_committed_survives_the_death_of_everything(var_dir: Path) -> None:
    before = set(descendants(os.getpid()))
    with running(var_dir, say=silently) as found:
        ask(found.database_url, "CREATE TABLE kept AS SELECT 42 AS number")
        Redis.from_url(found.redis_url).set("kept", "42")
        Redis.from_url(found.redis_url).execute_command("WAITAOF", 1, 0, 2000)
        family = set(descendants(os.getpid())) - before
        for pid in family:
            with suppress(ProcessLookupError):  # the death of a keeper ends what it keeps
                os.kill(pid, signal.SIGKILL)
        until(lambda: not any(map(is_running, family)), "all are dead")

    with running(var_dir, say=silently) as again:
        assert again == found
        assert ask(again.database_url, "SELECT number FROM kept") == 42
        assert Redis.from_url(again.redis_url).get("kept") == b"42"


def test_a_folder_only_its_owner_may_enter_stays_closed_and_works(var_dir: Path) -> None:
    var_dir.mkdir(mode=0o700)
    inner = var_dir / "var"

    with running(inner, say=silently, durable=False) as found:
        assert ask(found.database_url, "SELECT 1") == 1

    assert var_dir.stat().st_mode & 0o077 == 0
