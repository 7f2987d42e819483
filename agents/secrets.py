"""What people entrust to us and nobody reads again: kept encrypted by `ENCRYPTION_KEY`."""

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def sealed(text: str) -> bytes:
    """The text as it is kept."""
    return _fernet().encrypt(text.encode())


def unsealed(token: bytes | str) -> str:
    """The text again; empty when `ENCRYPTION_KEY` has changed since, and whoever is shown it will say it is missing."""
    try:
        return _fernet().decrypt(token).decode()
    except InvalidToken:
        return ""


def _fernet() -> Fernet:
    return Fernet(urlsafe_b64encode(hashlib.sha256(settings.ENCRYPTION_KEY.encode()).digest()))
