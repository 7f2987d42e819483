"""Liveness and readiness, for supervisors and load balancers.

They ask by address and without HTTPS, so these two paths are answered before hosts are checked and browsers redirected.
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import sync_and_async_middleware

Answer = Callable[[HttpRequest], HttpResponse]
AsyncAnswer = Callable[[HttpRequest], Awaitable[HttpResponse]]


@sync_and_async_middleware
def answer_health(get_response: Answer | AsyncAnswer) -> Answer | AsyncAnswer:
    """A middleware that answers `/healthz` and `/readyz` itself."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponse:
            if request.path in PATHS:
                return await sync_to_async(PATHS[request.path])(request)
            return await get_response(request)

        return answer_later

    def answer(request: HttpRequest) -> HttpResponse:
        return PATHS[request.path](request) if request.path in PATHS else get_response(request)  # type: ignore[return-value]

    return answer


def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database and Redis answer, else 503 naming what does not."""
    checks = {"database": _state(_ask_database), "redis": _state(_ask_redis)}
    is_ready = all(state == "ok" for state in checks.values())
    return JsonResponse({"ready": is_ready, **checks}, status=200 if is_ready else 503)


def _state(ask: Callable[[], None]) -> str:
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a service is the answer
        return f"{type(error).__name__}: not reachable"
    return "ok"


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_redis() -> None:
    cache.get("readyz")


PATHS: dict[str, Callable[[HttpRequest], JsonResponse]] = {"/healthz": alive, "/readyz": ready}
