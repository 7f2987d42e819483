"""A person's documents: the page that lists them, and one of them read passage by passage."""

import uuid

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from chat.attachments import as_download
from chat.paging import is_place, page
from chat.sidebar import sidebar_of
from chat.views import PersonsRequest
from memory.models import Document
from memory.reading import ACCEPTED

DOCUMENTS_SHOWN = 50
PASSAGES_SHOWN = 40
ENDINGS = {"application/pdf": ".pdf", "text/plain": ".txt", "text/markdown": ".md", "text/html": ".html"}
ENDINGS |= {"text/csv": ".csv", "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx"}


@login_required
@require_GET
@never_cache
def mine(request: PersonsRequest) -> HttpResponse:
    return render(request, "chat/documents.html", _listed(request) | {"sidebar": sidebar_of(request.user)})


@login_required
@require_GET
@never_cache
def listed(request: PersonsRequest) -> HttpResponse:
    """The list as a fragment, asked for while something in it is read, and for its older pages."""
    return render(request, "chat/_documents.html", _listed(request))


@login_required
@require_GET
@never_cache
def one(request: PersonsRequest, document_id: uuid.UUID) -> HttpResponse:
    """A document the person may read, from the passage that is asked for."""
    readable = Document.objects.readable_by(request.user.pk)
    document = get_object_or_404(_with_size(readable), pk=document_id)
    asked = _number(request.GET.get("passage", ""))
    first = asked // PASSAGES_SHOWN * PASSAGES_SHOWN
    passages = list(document.chunks.filter(position__gte=first).order_by("position")[: PASSAGES_SHOWN + 1])
    context = {
        "document": document,
        "is_own": document.owner_id == request.user.pk,
        "passages": passages[:PASSAGES_SHOWN],
        "asked": asked if "passage" in request.GET else None,
        "before": max(0, first - PASSAGES_SHOWN) if first else None,
        "after": first + PASSAGES_SHOWN if len(passages) > PASSAGES_SHOWN else None,
        "sidebar": sidebar_of(request.user),
    }
    return render(request, "chat/document.html", context)


@login_required
@require_GET
def download(request: PersonsRequest, document_id: uuid.UUID) -> HttpResponse:
    readable = Document.objects.readable_by(request.user.pk).defer("text")
    document = get_object_or_404(readable, pk=document_id)
    return as_download(bytes(document.content), _file_name(document))


def _listed(request: PersonsRequest) -> dict[str, object]:
    before = request.GET.get("before", "")
    own = _with_size(Document.objects.of(request.user.pk))
    documents, following = page(own, before=before if is_place(before) else None, limit=DOCUMENTS_SHOWN)
    shared = Document.objects.filter(owner=None).light().order_by("title")[:DOCUMENTS_SHOWN]
    return {"documents": documents, "following": following, "shared": shared, "accepted": ACCEPTED}


def _with_size(rows: QuerySet[Document]) -> QuerySet[Document]:
    return rows.defer("content", "text").annotate(size=Length("content"))


def _file_name(document: Document) -> str:
    ending = ENDINGS.get(document.media_type, "")
    has_ending = "." in document.title[-6:]
    return document.title if has_ending else f"{document.title}{ending}"


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0
