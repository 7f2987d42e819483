"""The page "What Plumbline knows about you" and what it asks for. Every row is found as the person's own."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from chat import known, memory_actions, memory_export
from chat.forms import filled
from chat.known import Part
from chat.memory_forms import FORGET_EVERYTHING, NewMemoryForm, SwitchForm, TextForm, TypedForm
from chat.paging import is_place
from chat.sidebar import sidebar_of
from chat.views import PersonsRequest, refuses_in_words
from memory import forget, pausing, readings
from memory.models import Memory, MemoryKind
from memory.models.memories import LONGEST_MEMORY
from memory.own_procedures import delete_own, own_procedures

# What is shown


@login_required
@require_GET
@never_cache
def everything(request: PersonsRequest) -> HttpResponse:
    context = {
        "sidebar": sidebar_of(request.user),
        "is_paused": pausing.consent_of(request.user.pk).is_paused,
        "sections": known.sections_of(request.user),
        "longest": LONGEST_MEMORY,
        "forget_everything": FORGET_EVERYTHING,
        "searchable": known.searchable_of(request.user),
        "readings": readings.readings_of(request.user),
        "procedures": own_procedures(request.user.pk),
    }
    return render(request, "chat/memory.html", context)


@login_required
@require_GET
@never_cache
def listed(request: PersonsRequest) -> HttpResponse:
    """The sections as a fragment, all or those a query finds; with `part` one page of one of them."""
    query = request.GET.get("q", "")[:200]
    if "part" not in request.GET:
        context = {"sections": known.sections_of(request.user, query=query), "query": query}
        return render(request, "chat/_memories.html", context)
    part, before = _part(request.GET["part"]), request.GET.get("before", "")
    entries, following = known.page_of(request.user, part, query=query, before=before if is_place(before) else None)
    return render(request, "chat/_memory_page.html", {"entries": entries, "following": following, "part": part})


@login_required
@require_GET
@never_cache
def one(request: PersonsRequest, memory_id: uuid.UUID) -> HttpResponse:
    """One memory as a fragment: where a link from an answer leads to."""
    (entry,) = known.shown(request.user, [_own(request, memory_id)])
    return render(request, "chat/_memory.html", {"entry": entry})


@login_required
@require_GET
@never_cache
def history(request: PersonsRequest, memory_id: uuid.UUID) -> HttpResponse:
    memory = _own(request, memory_id)
    return render(request, "chat/_memory_history.html", {"memory": memory, "changes": known.history_of(memory)})


@login_required
@require_GET
@never_cache
def from_conversation(request: PersonsRequest, thread_id: uuid.UUID) -> JsonResponse:
    return JsonResponse({"number": known.number_from(request.user, thread_id)})


@login_required
@require_GET
@never_cache
def export(request: PersonsRequest) -> HttpResponse:
    """All of it, to take away: JSON, or a text to read with `?as=text`."""
    told = memory_export.everything_of(request.user)
    day = timezone.localdate().isoformat()
    if request.GET.get("as") == "text":
        response = HttpResponse(memory_export.as_text(told), content_type="text/plain; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="plumbline-memory-{day}.txt"'
        return response
    response = JsonResponse(told, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = f'attachment; filename="plumbline-memory-{day}.json"'
    return response


# What is done


@login_required
@require_POST
@refuses_in_words
def add(request: PersonsRequest) -> JsonResponse:
    form = filled(NewMemoryForm, request)
    kind = MemoryKind(form.cleaned_data["kind"])
    return _done(memory_actions.write_down(request.user, form.cleaned_data["text"], kind=kind))


@login_required
@require_POST
@refuses_in_words
def edit(request: PersonsRequest, memory_id: uuid.UUID) -> JsonResponse:
    form = filled(TextForm, request)
    return _done(forget.edit(_own(request, memory_id), text=form.cleaned_data["text"], by=request.user))


@login_required
@require_POST
@refuses_in_words
def pin(request: PersonsRequest, memory_id: uuid.UUID) -> JsonResponse:
    is_pinned = filled(SwitchForm, request).cleaned_data["isOn"]
    return _done(forget.pin(_own(request, memory_id), is_pinned=is_pinned, by=request.user))


@login_required
@require_POST
@refuses_in_words
def put_away(request: PersonsRequest, memory_id: uuid.UUID) -> JsonResponse:
    return _done(forget.archive(_own(request, memory_id), by=request.user))


@login_required
@require_POST
@refuses_in_words
def restore(request: PersonsRequest, memory_id: uuid.UUID) -> JsonResponse:
    return _done(forget.restore(_own(request, memory_id), by=request.user))


@login_required
@require_POST
@refuses_in_words
def undo(request: PersonsRequest, memory_id: uuid.UUID) -> JsonResponse:
    return _done(forget.undo(_own(request, memory_id), by=request.user))


@login_required
@require_POST
@refuses_in_words
def delete(request: PersonsRequest, memory_id: uuid.UUID) -> JsonResponse:
    forget.delete(_own(request, memory_id), by=request.user)
    return JsonResponse({})


@login_required
@require_POST
@refuses_in_words
def forget_conversation(request: PersonsRequest, thread_id: uuid.UUID) -> JsonResponse:
    """Forget what was learned from one conversation, whether it is still there or not."""
    return JsonResponse({"number": memory_actions.forget_conversation(request.user, thread_id)})


@login_required
@require_POST
@refuses_in_words
def forget_everything(request: PersonsRequest) -> JsonResponse:
    filled(TypedForm, request)
    return JsonResponse({"number": memory_actions.forget_everything(request.user)})


@login_required
@require_POST
@refuses_in_words
def pause(request: PersonsRequest) -> JsonResponse:
    """`isOn`: whether memory is on."""
    is_on = filled(SwitchForm, request).cleaned_data["isOn"]
    (pausing.resume if is_on else pausing.pause)(request.user.pk)
    return JsonResponse({"isOn": is_on})


@login_required
@require_POST
@refuses_in_words
def delete_procedure(request: PersonsRequest, procedure_id: uuid.UUID) -> JsonResponse:
    if not delete_own(request.user.pk, procedure_id):
        raise Http404("There is no such procedure.")
    return JsonResponse({})


def _own(request: PersonsRequest, memory_id: uuid.UUID) -> Memory:
    return get_object_or_404(Memory.objects.of(request.user.pk), pk=memory_id)


def _done(memory: Memory) -> JsonResponse:
    return JsonResponse({"id": str(memory.pk), "url": f"{reverse('memory:everything')}#{memory.pk}"})


def _part(given: str) -> Part:
    try:
        return Part(given)
    except ValueError:
        raise Http404("There is no such part.") from None
