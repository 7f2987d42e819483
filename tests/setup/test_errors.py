"""What is set wrongly is said in one sentence."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.setup.commands import manage

NOWHERE = "127.0.0.1:1"


@pytest.fixture
def bare_database() -> Iterator[str]:
    """A database of this test session that lacks the extension, which our role may not install."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare TEMPLATE template0")
        yield url.removesuffix("/plumbline") + "/bare"
        connection.execute("DROP DATABASE bare WITH (FORCE)")


def database_with(**changes: str) -> str:
    url = os.environ["DATABASE_URL"]
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", f":{changes['password']}@")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"DATABASE_URL": f"postgres://plumbline:secret@{NOWHERE}/plumbline"},
            f"The database at {NOWHERE}/plumbline (DATABASE_URL) cannot be used: Connection refused.",
        ),
        ({"DATABASE_URL": "sqlite:///db.sqlite3"}, "DATABASE_URL must begin with postgres://, not with sqlite."),
        (
            {"REDIS_URL": f"redis://:secret@{NOWHERE}/0"},
            f"The Redis server at {NOWHERE}/0 (REDIS_URL) cannot be used: Error 111 connecting to {NOWHERE}. "
            "Connection refused.",
        ),
        ({"REDIS_URL": "http://localhost"}, "REDIS_URL must begin with redis://, not with http."),
        ({"PORT": "eight thousand"}, "PORT must be a whole number, not 'eight thousand'."),
        ({"DEBUG": "perhaps"}, "DEBUG must be yes or no, not 'perhaps'."),
    ],
)
def test_a_wrong_setting_is_one_sentence(var_dirs: Path, settings: dict[str, str], sentence: str) -> None:
    session = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}

    failed = manage(var_dirs / "errors", "serve", **session | settings)

    assert (failed.returncode, failed.stdout) == (1, f"{sentence}\n")


def test_a_wrong_password_is_not_repeated(var_dirs: Path) -> None:
    failed = manage(
        var_dirs / "errors", "serve", DATABASE_URL=database_with(password="hunter2"), REDIS_URL=os.environ["REDIS_URL"]
    )

    assert failed.returncode == 1
    assert 'cannot be used: password authentication failed for user "plumbline".' in failed.stdout
    assert "hunter2" not in failed.stdout


def test_a_missing_extension_says_who_installs_it(var_dirs: Path, bare_database: str) -> None:
    failed = manage(var_dirs / "errors", "serve", DATABASE_URL=bare_database, REDIS_URL=os.environ["REDIS_URL"])

    assert failed.returncode == 1
    assert "have its administrator run CREATE EXTENSION vector in it." in failed.stdout


def test_a_var_dir_that_cannot_be_written_is_named(var_dirs: Path) -> None:
    file = var_dirs / "a file"
    file.touch()

    failed = manage(file / "var", "serve")

    assert failed.returncode == 1
    assert failed.stdout.startswith(f"VAR_DIR, the folder {file / 'var'}, cannot be written to (")
    assert failed.stdout.count("\n") == 1


def test_the_doctor_says_what_is_broken(var_dirs: Path) -> None:
    report = manage(
        var_dirs / "errors", "doctor", DATABASE_URL=os.environ["DATABASE_URL"], REDIS_URL=f"redis://{NOWHERE}/0"
    )

    assert report.returncode == 1
    assert "broken  Redis" in report.stdout
    assert "ok      Database" in report.stdout
