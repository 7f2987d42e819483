"""The console's Content-Security-Policy. The chat has its own, stricter one, from django-csp."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

# The console's theme is built on Alpine, which evaluates the expressions in its templates ('unsafe-eval') and measures
# the bar of a list's actions into a style attribute. No inline script and no style element is ever run.
CONSOLE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class ConsolePolicyMiddleware:
    """Puts the console's policy on every answer under its address."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response.headers["Content-Security-Policy"] = CONSOLE_POLICY
        return response
