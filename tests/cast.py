"""The people of every test: Alice owns, Bob was invited, Charlie is a stranger, Dana administers."""

from itertools import count
from typing import Any

from django.test import Client

from accounts.models import User

PASSWORD = "correct horse battery staple"

_numbers = count(1)


def person(name: str, **fields: Any) -> User:
    """A new person of that name, with an address nobody else has."""
    email = f"{name.lower()}-{next(_numbers)}@example.org"
    return User.objects.create_user(email, PASSWORD, name=name, **fields)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
