"""What the tests of the chat may ask for."""

from tests.api.conftest import program_of

__all__ = ["program_of"]
