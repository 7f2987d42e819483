"""REST: a person's documents, what agents answer from. Also what the page asks for when files are dropped on it."""

from pathlib import PurePath
from typing import Annotated
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import File, Form, Query, Router, Status
from ninja.errors import HttpError
from ninja.files import UploadedFile

from accounts.authentication import ApiRequest
from chat.api import MAY_READ, MAY_RUN, OF_A_BODY, REFUSALS
from chat.document_schemas import DocumentOut, PassageOut, document_out, passage_out
from chat.paging import Cursor, Limit, page
from chat.schemas import Page, Problem
from memory import knowledge
from memory.models import Document, DocumentQuerySet
from memory.reading import MAX_BYTES, DocumentRefused, media_type_of

Title = Annotated[str | None, Form(max_length=knowledge.TITLE_CHARS, description="Without it the file's name.")]
After = Annotated[int | None, Query(ge=0, le=2**31 - 1, description="The position of the last passage you have.")]

router = Router(by_alias=True, tags=["Documents"])


@router.post("/documents", auth=MAY_RUN, response={201: DocumentOut, OF_A_BODY: Problem})
def upload_document(request: ApiRequest, file: File[UploadedFile], title: Title = None) -> Status[DocumentOut]:
    """Add a document of your own; it is read soon after. The same file again is the same document.

    Another file under a title you have takes its place as soon as it is read.
    """
    name = PurePath(file.name or "").name
    if (file.size or 0) > MAX_BYTES:
        raise HttpError(422, f"At most {MAX_BYTES // 1_000_000} MB are accepted. Split it.")
    try:
        document = knowledge.add_document(
            title=title or name,
            content=file.read(),
            media_type=media_type_of(name) or file.content_type or "",
            owner_id=request.user.pk,
        )
    except DocumentRefused as refusal:
        raise HttpError(422, str(refusal)) from refusal
    return Status(201, document_out(own_document(request, document.pk)))


@router.get("/documents", auth=MAY_READ, response={200: Page[DocumentOut], REFUSALS: Problem})
def list_documents(request: ApiRequest, before: Cursor = None, limit: Limit = 20) -> Page[DocumentOut]:
    """Your own documents."""
    found, following = page(_own(request), before=before, limit=limit)
    return Page[DocumentOut](items=[document_out(row) for row in found], next=following)


@router.get("/documents/{uuid:document_id}", auth=MAY_READ, response={200: DocumentOut, REFUSALS: Problem})
def read_document(request: ApiRequest, document_id: UUID) -> DocumentOut:
    """One document, your own or a shared one: how far its reading is, and what went wrong."""
    return document_out(readable_document(request, document_id))


@router.delete("/documents/{uuid:document_id}", auth=MAY_RUN, response={204: None, REFUSALS: Problem})
def delete_document(request: ApiRequest, document_id: UUID) -> Status[None]:
    """Delete a document of your own with all its passages. Questions it came with keep what the agent read of it."""
    knowledge.delete_document(own_document(request, document_id).pk)
    return Status(204, None)


@router.get(
    "/documents/{uuid:document_id}/passages", auth=MAY_READ, response={200: list[PassageOut], REFUSALS: Problem}
)
def list_passages(request: ApiRequest, document_id: UUID, after: After = None, limit: Limit = 50) -> list[PassageOut]:
    """The passages of a document in their order; `after` is the position of the last one you have."""
    chunks = readable_document(request, document_id).chunks.order_by("position")
    following = chunks if after is None else chunks.filter(position__gt=after)
    return [passage_out(chunk) for chunk in following[:limit]]


def own_document(request: ApiRequest, document_id: UUID) -> Document:
    return get_object_or_404(_own(request), pk=document_id)


def readable_document(request: ApiRequest, document_id: UUID) -> Document:
    return get_object_or_404(Document.objects.readable_by(request.user.pk).light(), pk=document_id)


def _own(request: ApiRequest) -> DocumentQuerySet:
    return Document.objects.of(request.user.pk).light()
