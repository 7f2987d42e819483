"""API tokens: made, recognised, taken back. The secret itself is never stored and never logged."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiToken, Scope, User

MARK = "plb_"
RANDOM_BYTES = 40  # 320 bits: more than 256 stay hidden when the prefix is shown
SHOWN = len(MARK) + 6
USE_IS_NOTED_EVERY = timedelta(minutes=1)


class NameTaken(Exception):
    """The person has a token of this name already."""


def create_token(
    *, user: User, name: str, scopes: Iterable[Scope], lasts: timedelta | None = None
) -> tuple[ApiToken, str]:
    """A new token and its secret, which nobody can read again."""
    secret = MARK + secrets.token_urlsafe(RANDOM_BYTES)
    try:
        with transaction.atomic():
            token = ApiToken.objects.create(
                user=user,
                name=name,
                prefix=secret[:SHOWN],
                digest=_digest(secret),
                scopes=[scope.value for scope in Scope if scope in set(scopes)],
                expires_at=timezone.now() + lasts if lasts else None,
            )
    except IntegrityError as error:
        raise NameTaken(f"You have a token called “{name}” already.") from error
    return token, secret


def token_of(secret: str) -> ApiToken | None:
    """The working token with this secret, and its use noted.

    Found by its hash in an index: how long that takes says nothing about a secret nobody knows.
    """
    if not secret.startswith(MARK):
        return None
    token = ApiToken.objects.working().select_related("user").filter(digest=_digest(secret)).first()
    if token:
        _note_use(token)
    return token


def _note_use(token: ApiToken) -> None:
    before = timezone.now() - USE_IS_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at < before:
        is_due = Q(last_used_at=None) | Q(last_used_at__lt=before)
        ApiToken.objects.filter(is_due, pk=token.pk).update(last_used_at=timezone.now())


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
