"""What the tests of the API may ask for."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # models are imported only after Django's settings are there
    from tests.api.programs import ProgramOf


@pytest.fixture
def program_of() -> "ProgramOf":
    """A program that works for that person, with all scopes unless some are named."""
    from tests.api import programs

    return programs.program_for
