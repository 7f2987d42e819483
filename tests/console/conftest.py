"""Olga operates: she is of the staff, and may read traces and nothing else."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # this file is read before Django's settings are
    from django.test import Client

    from accounts.models import User


@pytest.fixture
def olga(rows: None) -> "User":
    from django.contrib.auth.models import Group

    from tests import cast

    olga = cast.person("Olga", is_staff=True)
    olga.groups.add(Group.objects.get(name="Operators"))
    return olga


@pytest.fixture
def console(olga: "User", client_of: "Callable[[User], Client]") -> "Client":
    """Olga's browser."""
    return client_of(olga)
