"""What every test may ask for. The services run for real, in a folder and on ports of this one session."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import loopback
from tests.llm import ScriptedLLM

if TYPE_CHECKING:  # Django's settings are read only after `pytest_configure`
    from django.test import Client
    from pytest_django import DjangoDbBlocker
    from pytest_django.fixtures import SettingsWrapper

    from accounts.models import User
    from tests.sockets import ChatSocket
    from tests.stack import Stack

LEAKING = (
    "OPENAI_", "LLM_", "ADMIN_", "SENTRY_", "EMBEDDING_", "VECTOR_", "PINECONE_", "WEAVIATE_", "HTTPS", "ALLOWED_HOSTS",
    "DEBUG", "HOST",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Start the services and say where they are, before Django reads its settings."""
    only_hands_out_tests = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if config.getoption("help", False) or only_hands_out_tests:
        return
    from config import services

    session = ExitStack()
    config.add_cleanup(session.close)
    var_dir = Path(tempfile.mkdtemp(prefix="plumbline-"))
    var_dir.chmod(0o755)  # the services' own user must be able to enter
    session.callback(shutil.rmtree, var_dir, ignore_errors=True)
    (var_dir / "static").mkdir()  # WhiteNoise warns where there is none
    for name in [name for name in os.environ if name.startswith(LEAKING)]:
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "VAR_DIR": str(var_dir),
        "SECRET_KEY": secrets.token_hex(),
        "PORT": str(loopback.free_port()),
        "LOG_LEVEL": "WARNING",
    }
    found = session.enter_context(services.running(var_dir, say=lambda line: None, durable=False))
    os.environ |= {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}
    session.enter_context(loopback.only())

    from django.conf import settings

    settings.DATABASES  # noqa: B018 - reads them now, which tells pytest-django to set Django up


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """First tests that roll back, then those against live processes, whose rows stay, last those that empty tables.

    Where several processes share them out, each with services of its own, a file's tests of one turn stay together.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(f"{_turn(item)} {item.path}"))
    yield
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    fixtures, marker = getattr(item, "fixturenames", ()), item.get_closest_marker("django_db")
    if "transactional_db" in fixtures or (marker and marker.kwargs.get("transaction")):
        return 2
    return 1 if "live_stack" in fixtures else 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test against live processes shows what they logged."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("live_processes")
    if report.failed and stack:
        report.sections += stack.logs()
    return report


# The scripted LLM


@pytest.fixture(scope="session")
def scripted_llm() -> Iterator[ScriptedLLM]:
    server = ScriptedLLM().start()
    yield server
    server.stop()


@pytest.fixture
def llm(scripted_llm: ScriptedLLM, settings: "SettingsWrapper") -> Iterator[ScriptedLLM]:
    """The LLM everything is connected to. It says what the test writes down, and the test fails if the two differ."""
    settings.OPENAI_BASE_URL = scripted_llm.base_url
    settings.OPENAI_API_KEY = "sk-test"
    scripted_llm.forget()
    yield scripted_llm
    try:
        scripted_llm.assert_complete()
    finally:
        scripted_llm.forget()


# People and their rows


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: "DjangoDbBlocker") -> Iterator[None]:
    """The test database, also for tests that come without pytest-django's own marks."""
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        _hang_up_on_others()
        teardown_databases(made, verbosity=0)


def _hang_up_on_others() -> None:
    """Our processes have ended; the server may not have noticed yet of one that was killed."""
    from django.db import connection

    others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
    with connection.cursor() as cursor:
        cursor.execute(f"{others} AND pid <> pg_backend_pid()")


@pytest.fixture
def rows(request: pytest.FixtureRequest) -> None:
    """The database: rolled back after the test, or kept if processes outside must see what is in it."""
    request.getfixturevalue("live_stack" if "live_stack" in request.fixturenames else "db")


@pytest.fixture
def alice(rows: None) -> "User":
    """Alice owns."""
    from tests import cast

    return cast.person("Alice")


@pytest.fixture
def bob(rows: None) -> "User":
    """Bob was invited."""
    from tests import cast

    return cast.person("Bob")


@pytest.fixture
def charlie(rows: None) -> "User":
    """Charlie is a stranger."""
    from tests import cast

    return cast.person("Charlie")


@pytest.fixture
def dana(rows: None) -> "User":
    """Dana administers."""
    from tests import cast

    return cast.person("Dana", is_staff=True, is_superuser=True)


@pytest.fixture
def client_of() -> Callable[["User"], "Client"]:
    """A browser in which that person is logged in."""
    from tests import cast

    return cast.client_of


# Live processes


@pytest.fixture(scope="session")
def live_processes(
    scripted_llm: ScriptedLLM, django_db_setup: None, django_db_blocker: "DjangoDbBlocker"
) -> Iterator["Stack"]:
    from tests.stack import Stack

    with django_db_blocker.unblock():
        stack = Stack(scripted_llm.base_url)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


@pytest.fixture
def live_stack(live_processes: "Stack", django_db_blocker: "DjangoDbBlocker") -> Iterator["Stack"]:
    """Web, worker and beat as they run in production, on the test database."""
    with django_db_blocker.unblock():
        live_processes.begin_test()
        yield live_processes
        live_processes.end_test()


@pytest.fixture
def socket_of(live_stack: "Stack") -> Iterator[Callable[["User"], "ChatSocket"]]:
    """Opens chat sockets of people who are logged in, and closes them in the end."""
    with ExitStack() as opened:

        def opening(user: "User") -> "ChatSocket":
            socket = live_stack.open(user)
            opened.callback(socket.close)
            return socket

        yield opening
