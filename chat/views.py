"""The chat's pages and the small things a page asks for. What is said goes over the socket, not here."""

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from agents.llm import connection
from agents.models import Run
from chat import actions
from chat.forms import ConnectionForm, DeleteForm, FeedbackForm, PinForm, RenameForm, filled
from chat.models import Conversation
from chat.pages import page_data
from chat.sidebar import sidebar_of
from memory.forget import MemoryRefused


class PersonsRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User


def refuses_in_words(view: Callable[..., JsonResponse]) -> Callable[..., JsonResponse]:
    """What a form does not accept, or cannot be done, becomes a 400 with the reason for the person."""

    @wraps(view)
    def answer(request: HttpRequest, **kwargs: Any) -> JsonResponse:
        try:
            return view(request, **kwargs)
        except ValidationError as error:
            return JsonResponse({"error": " ".join(error.messages)}, status=400)
        except MemoryRefused as error:
            return JsonResponse({"error": str(error)}, status=400)

    return answer


@login_required
@require_GET
def new_conversation(request: PersonsRequest) -> HttpResponse:
    return _page(request, None)


@login_required
@require_GET
def conversation(request: PersonsRequest, thread_id: uuid.UUID) -> HttpResponse:
    return _page(request, _own_conversation(request, thread_id))


@login_required
@require_GET
def search(request: PersonsRequest) -> HttpResponse:
    """The list of conversations as a fragment: all, those a query finds, or an older page of either."""
    before = _moment(request.GET.get("before", ""))
    sidebar = sidebar_of(request.user, query=request.GET.get("q", ""), before=before)
    return render(request, "chat/_conversations.html", {"sidebar": sidebar, "is_continued": before is not None})


@login_required
@require_POST
@refuses_in_words
def rename(request: PersonsRequest, thread_id: uuid.UUID) -> JsonResponse:
    conversation = _own_conversation(request, thread_id)
    form = filled(RenameForm, request)
    actions.rename_conversation(conversation, form.cleaned_data["title"])
    return JsonResponse({"title": form.cleaned_data["title"]})


@login_required
@require_POST
@refuses_in_words
def pin(request: PersonsRequest, thread_id: uuid.UUID) -> JsonResponse:
    conversation = _own_conversation(request, thread_id)
    form = filled(PinForm, request)
    actions.pin_conversation(conversation, form.cleaned_data["isPinned"])
    return JsonResponse({"isPinned": form.cleaned_data["isPinned"]})


@login_required
@require_POST
@refuses_in_words
def delete(request: PersonsRequest, thread_id: uuid.UUID) -> JsonResponse:
    conversation, form = _own_conversation(request, thread_id), filled(DeleteForm, request)
    actions.delete_conversation(conversation, and_memories=form.cleaned_data["andMemories"])
    return JsonResponse({})


@login_required
@require_POST
@refuses_in_words
def rate(request: PersonsRequest, run_id: uuid.UUID) -> JsonResponse:
    own = Conversation.objects.visible_to(request.user)
    run = get_object_or_404(Run, pk=run_id, thread__conversation__in=own)
    form = filled(FeedbackForm, request)
    is_positive, comment = form.cleaned_data["isPositive"], form.cleaned_data["comment"]
    actions.rate_answer(run=run, author=request.user, is_positive=is_positive, comment=comment)
    return JsonResponse({"isPositive": is_positive, "comment": comment})


@login_required
@require_POST
@refuses_in_words
def connect(request: PersonsRequest) -> JsonResponse:
    """Try the endpoint with one real call and keep it if it answers."""
    _only_administrators(request)
    form = filled(ConnectionForm, request)
    report = connection.test_and_save(
        base_url=form.cleaned_data["baseUrl"],
        api_key=form.cleaned_data["apiKey"],
        llm_name=form.cleaned_data["llmName"],
        by=request.user,
    )
    return JsonResponse({"isOk": report.is_ok, "words": report.words})


@login_required
@require_POST
@refuses_in_words
def disconnect(request: PersonsRequest) -> JsonResponse:
    _only_administrators(request)
    connection.forget()
    return JsonResponse({})


def _page(request: PersonsRequest, conversation: Conversation | None) -> HttpResponse:
    context = {
        "conversation": conversation,
        "sidebar": sidebar_of(request.user),
        "data": page_data(
            user=request.user,
            conversation=conversation,
            agent_slug=request.GET.get("agent"),
            version=_number(request.GET.get("version", "")),
            is_temporary=request.GET.get("temporary") == "yes",
        ),
    }
    return render(request, "chat/page.html", context)


def _own_conversation(request: PersonsRequest, thread_id: uuid.UUID) -> Conversation:
    return get_object_or_404(Conversation.objects.visible_to(request.user), pk=thread_id)


def _only_administrators(request: PersonsRequest) -> None:
    if not request.user.is_superuser:
        raise PermissionDenied("Only an administrator can connect a model.")


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
