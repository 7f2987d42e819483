"""Whether a connection that was opened long ago still belongs to somebody who is logged in."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest

from accounts.models import User


def still_logged_in(scope: dict[str, Any]) -> bool:
    """Ask again what was true when the socket opened: the account is on, and its session neither ended nor changed."""
    session = scope.get("session")
    if session is None or auth.SESSION_KEY not in session:  # it came in by a token
        return User.objects.filter(pk=scope["user"].pk, is_active=True).exists()
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session.session_key)
    return auth.get_user(request).is_authenticated
