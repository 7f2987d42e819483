"""The drills of services come in by the same doors as all tests, into a stack whose services may die."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.llm import ScriptedLLM

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

    from tests.drills.services.private import PrivateStack


@pytest.fixture(scope="package")
def live_processes(
    scripted_llm: ScriptedLLM, django_db_setup: None, django_db_blocker: "DjangoDbBlocker"
) -> Iterator["PrivateStack"]:
    """Web, worker and beat on a PostgreSQL and a Valkey of their own."""
    from tests.drills.services.private import private_stack

    with django_db_blocker.unblock(), private_stack(scripted_llm.base_url) as stack:
        yield stack
