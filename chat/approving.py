"""The pages on which people decide what others' agents ask, without a way into the console."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agents.models import Approval
from chat import asked
from chat.sidebar import sidebar_of
from chat.views import PersonsRequest


@login_required
@require_GET
def waiting(request: PersonsRequest) -> HttpResponse:
    """What waits for this person's word."""
    cards = asked.waiting_for(request.user)
    return JsonResponse({"cards": cards}) if "json" in request.GET else _page(request, cards, title="Approvals")


@login_required
@require_GET
def one(request: PersonsRequest, approval_id: uuid.UUID) -> HttpResponse:
    """One approval, also after it was decided: where a mail leads to."""
    cards = asked.cards_of(request.user, Approval.objects.visible_to(request.user).filter(pk=approval_id))
    if not cards:
        raise Http404("There is no such approval.")
    return JsonResponse({"cards": cards}) if "json" in request.GET else _page(request, cards, title="Approval")


@login_required
@require_GET
def number(request: PersonsRequest) -> JsonResponse:
    return JsonResponse({"number": asked.number_for(request.user)})


def _page(request: PersonsRequest, cards: list[dict[str, object]], *, title: str) -> HttpResponse:
    context = {"title": title, "sidebar": sidebar_of(request.user), "data": {"cards": cards}}
    return render(request, "chat/approvals.html", context)
