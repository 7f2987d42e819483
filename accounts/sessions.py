"""Whether a connection that was opened long ago still belongs to somebody who is logged in."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest

from accounts.models import User


def still_logged_in(scope: dict[str, Any]) -> User | None:
    """The person of a socket as they are now; None when the account is off, or the session ended or changed."""
    session = scope.get("session")
    if session is None or auth.SESSION_KEY not in session:  # it came in by a token
        return User.objects.filter(pk=scope["user"].pk, is_active=True).first()
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session.session_key)
    user = auth.get_user(request)
    return user if isinstance(user, User) else None
