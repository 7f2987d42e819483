"""The API for programs, put together: what it answers when something is wrong, and where its pages are."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import DocsBase
from ninja.operation import Operation

from agents.refusals import Conflict, Forbidden, Refused
from chat import api as threads
from chat import api_agui, api_approvals, api_documents, api_events, api_memory, api_runs
from memory.forget import MemoryRefused
from observability import api as scores

logger = logging.getLogger(__name__)

WHO = "Say who asks: send `Authorization: Bearer <API token>`, or the cookie of somebody who is logged in."
NOTHING = "There is nothing here with that id."
AWAY = "Plumbline cannot do this right now. Nothing was changed; try again in a moment."
DESCRIPTION = """
Everything a program may do in a person's name: ask questions, follow the answers, decide approvals, rate.
What is wrong is answered with a status of its kind and `{"error": "words for a person"}`.
"""


class Docs(DocsBase):
    """Swagger UI from our own files, within the site's content policy."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        return render(request, "api/docs.html", {"openapi_url": reverse("api:openapi-json")})


class Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """A client made from the document gets functions named as ours."""
        return operation.view_func.__name__


api = Api(title="Plumbline", version="1", description=DESCRIPTION, urls_namespace="api", docs=Docs())
for part in (threads, api_runs, api_documents, api_events, api_approvals, api_memory, scores, api_agui):
    api.add_router("", part.router)


@api.exception_handler(AuthenticationError)
def nobody(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return _answer(request, 401, WHO)


@api.exception_handler(HttpError)
def refused_by_us(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _answer(request, error.status_code, str(error))


@api.exception_handler(ValidationError)
def not_understood(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _answer(request, 422, " ".join(_complaint(one) for one in error.errors[:3]))


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    status = 409 if isinstance(error, Conflict) else 403 if isinstance(error, Forbidden) else 422
    return _answer(request, status, str(error))


@api.exception_handler(MemoryRefused)
def memory_refused(request: HttpRequest, error: MemoryRefused) -> HttpResponse:
    return _answer(request, 422, str(error))


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return _answer(request, 404, NOTHING)


@api.exception_handler(PermissionDenied)
def forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return _answer(request, 403, str(error) or "You may not do that.")


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def database_away(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.warning("The API could not answer: the database is away (%s).", error)
    return _answer(request, 503, AWAY)


def nothing_here(request: HttpRequest, rest: str) -> JsonResponse:
    """Any other address below `/api/`."""
    return JsonResponse(
        {"error": f"There is nothing at {request.path}. See {reverse('api:openapi-view')}."}, status=404
    )


def _answer(request: HttpRequest, status: int, words: str) -> HttpResponse:
    response = api.create_response(request, {"error": words}, status=status)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Plumbline"'
    if status == 503:
        response["Retry-After"] = "5"
    return response


def _complaint(error: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"][1:] if part != "asked")
    return f"{place or 'body'}: {error['msg'].rstrip('.')}."
