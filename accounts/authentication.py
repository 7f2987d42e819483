"""Who asks: a program by its token, or a person by the session cookie. For the API, and for the socket of a program."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import close_old_connections
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from accounts.models import ApiToken, Scope, User
from accounts.tokens import token_of

NOT_KNOWN = "This token is not known here, expired, or its account is switched off."
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OF_THE_SOCKET = {Scope.READ, Scope.RUN, Scope.DECIDE}  # all that its commands do


class ApiRequest(HttpRequest):
    """A request behind `needs`: who asks, and what of all that person may do."""

    user: User
    scopes: frozenset[Scope]


def needs(*scopes: Scope, is_async: bool = False) -> list[AuthBase]:
    """The two ways in, for an endpoint that takes these scopes. A session has them all."""
    return [BearerToken(scopes, is_async), SessionCookie(scopes, is_async)]


class _Door(AuthBase):
    """One way in. For an async endpoint it asks the database in a thread and gives the connection back at once."""

    def __init__(self, scopes: tuple[Scope, ...], is_async: bool) -> None:
        super().__init__()
        self.scopes = scopes
        self.is_async = is_async

    def __call__(self, request: HttpRequest) -> Any:
        return sync_to_async(self._unit)(request) if self.is_async else self.enter(request)

    @abstractmethod
    def enter(self, request: HttpRequest) -> User | None:
        """Who asks; None when they did not come this way. Raises HttpError in words."""

    def _unit(self, request: HttpRequest) -> User | None:
        try:
            return self.enter(request)
        finally:
            close_old_connections()  # the answer may stream for hours


class BearerToken(_Door):
    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "An API token of the person the program works for: `Authorization: Bearer plb_…`."

    def enter(self, request: HttpRequest) -> User | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        token = token_of(_secret_in(header))
        if token is None:
            raise HttpError(401, NOT_KNOWN)
        if missing := [scope.value for scope in self.scopes if scope not in token.scopes]:
            raise HttpError(403, f"This token may not do that: it lacks the scope {' and '.join(missing)}.")
        request.user = token.user
        request.scopes = frozenset(Scope(scope) for scope in token.scopes)  # type: ignore[attr-defined]
        return token.user


class SessionCookie(_Door):
    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME
    openapi_description = "The cookie of a person who is logged in; what changes something needs `X-CSRFToken` too."

    def enter(self, request: HttpRequest) -> User | None:
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return None
        if request.method not in SAFE_METHODS and check_csrf(request):
            raise HttpError(403, "The CSRF token is missing or wrong. Send the cookie's value as X-CSRFToken.")
        request.scopes = frozenset(Scope)  # type: ignore[attr-defined]
        return user


class TokenOrCookie:
    """A socket's way in: with `Authorization` to `by_token`, with the user set; else to `by_cookie`.

    A browser cannot set that header, so there is no Origin to check behind it.
    """

    def __init__(self, *, by_token: Callable[..., Awaitable[None]], by_cookie: Callable[..., Awaitable[None]]) -> None:
        self._by_token, self._by_cookie = by_token, by_cookie

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        header = dict(scope["headers"]).get(b"authorization")
        if header is None:
            await self._by_cookie(scope, receive, send)
            return
        token = await database_sync_to_async(token_of)(_secret_in(header.decode("latin-1")))
        await self._by_token(scope | {"user": _on_the_socket(token)}, receive, send)


def _on_the_socket(token: ApiToken | None) -> User | AnonymousUser:
    return token.user if token and set(token.scopes) >= OF_THE_SOCKET else AnonymousUser()


def _secret_in(header: str) -> str:
    kind, _, secret = header.partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""
