"""Liveness and readiness, for supervisors and load balancers."""

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse


def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database and Redis answer, else 503 naming what does not."""
    checks = {"database": _answers(_ask_database), "redis": _answers(_ask_redis)}
    is_ready = all(state == "ok" for state in checks.values())
    return JsonResponse({"ready": is_ready, **checks}, status=200 if is_ready else 503)


def _answers(ask) -> str:
    try:
        ask()
    except Exception as error:  # whatever is wrong with a service is the answer
        return f"{type(error).__name__}: not reachable"
    return "ok"


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_redis() -> None:
    cache.get("readyz")
