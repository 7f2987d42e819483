"""`manage.py serve` as its operator meets it: it starts, says so, mends itself, and leaves nothing behind."""

import os
import re
import signal
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.loopback import free_port
from tests.setup.commands import Serve, descendants, is_running, manage, status, until


@pytest.fixture(scope="module")
def var_dir(var_dirs: Path) -> Path:
    return var_dirs / "shared"


@pytest.fixture(scope="module")
def plumbline(var_dir: Path) -> Iterator[Serve]:
    """A running Plumbline, the same for all tests here."""
    serve = Serve(var_dir, free_port())
    try:
        serve.wait_until_it_says("Plumbline is ready at")
        serve.wait_until_it_says("Change it after logging in")
        yield serve
    finally:
        serve.stop()


def test_it_says_where_it_is_ready_and_is(plumbline: Serve) -> None:
    assert f"Plumbline is ready at {plumbline.url}" in plumbline.said()
    assert status(f"{plumbline.url}/readyz") == 200
    assert status(f"{plumbline.url}/healthz") == 200


def test_the_first_administrator_logs_in_with_the_password_in_the_box(plumbline: Serve) -> None:
    password = re.search(r"password +(\S+)", plumbline.said())
    assert password is not None
    cookies = CookieJar()
    browser = build_opener(HTTPCookieProcessor(cookies))
    page = browser.open(f"{plumbline.url}/admin/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None

    form = {"csrfmiddlewaretoken": token[1], "username": "admin@localhost", "password": password[1], "next": "/admin/"}
    answer = browser.open(f"{plumbline.url}/admin/login/", urlencode(form).encode())

    assert answer.url == f"{plumbline.url}/admin/"
    assert answer.status == 200


def test_a_command_shares_the_services_and_leaves_them_running(plumbline: Serve, var_dir: Path) -> None:
    shown = manage(var_dir, "shell", "-c", "from accounts.models import User; print(User.objects.get().email)")

    assert shown.stdout.endswith("admin@localhost\n")
    assert status(f"{plumbline.url}/readyz") == 200


def test_the_doctor_finds_nothing_broken(plumbline: Serve, var_dir: Path) -> None:
    report = manage(var_dir, "doctor", PORT=plumbline.url.rpartition(":")[2])

    assert report.returncode == 0, report.stdout
    assert "Nothing is broken." in report.stdout
    assert "1 answered" in report.stdout


def test_a_second_one_in_the_same_var_dir_is_refused(plumbline: Serve, var_dir: Path) -> None:
    refused = manage(var_dir, "serve", PORT=str(free_port()))

    assert refused.returncode == 1
    assert refused.stdout == (
        f"Plumbline is already running with VAR_DIR {var_dir}: stop it first, "
        "or give this one a VAR_DIR and a PORT of its own.\n"
    )


def test_a_taken_port_is_named(plumbline: Serve, var_dirs: Path) -> None:
    port = plumbline.url.rpartition(":")[2]

    refused = manage(var_dirs / "another", "serve", PORT=port)

    assert refused.returncode == 1
    assert f"Port {port} of 127.0.0.1 cannot be used (Address already in use): set PORT" in refused.stdout


def test_killed_children_are_started_again(plumbline: Serve) -> None:
    command_lines = {"web": "-m daphne", "worker": "config.celery worker", "beat": "config.clock beat"}
    killed = {name: plumbline.child(words) for name, words in command_lines.items()}

    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    plumbline.until(lambda: plumbline.said().count("was ended by SIGKILL. Starting it again in") == 3, "all are missed")
    for name, words in command_lines.items():
        plumbline.until(lambda name=name, words=words: other_than(killed[name], plumbline, words), f"{name} is back")  # type: ignore[misc]
    plumbline.wait_until_ready()


def test_a_service_that_was_killed_with_its_keeper_is_started_again(plumbline: Serve) -> None:
    keeper = plumbline.child("config.services.keeper redis")

    os.kill(keeper, signal.SIGKILL)

    plumbline.wait_until_it_says("Redis (Valkey) was ended from outside. Starting it again.")
    plumbline.until(lambda: other_than(keeper, plumbline, "config.services.keeper redis"), "there is another keeper")
    plumbline.wait_until_ready()


def test_nothing_outlives_it_however_it_ends(var_dirs: Path) -> None:
    port = free_port()
    for how, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 0)):
        serve = Serve(var_dirs / "ending", port, ADMIN_PASSWORD="a long password")
        serve.wait_until_it_says("Plumbline is ready at")
        family = descendants(serve.process.pid)
        assert len(family) > 10  # three children, two keepers, and PostgreSQL alone is several

        assert serve.stop(how) == code

        until(lambda family=family: not any(map(is_running, family)), "all of its processes have ended")  # type: ignore[misc]
    assert "a long password" not in serve.said()


def other_than(pid: int, serve: Serve, words: str) -> bool:
    try:
        return serve.child(words) != pid
    except AssertionError:
        return False
