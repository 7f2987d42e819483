"""A document and its passages as the API gives them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from chat.schemas import Wire
from memory.models import Chunk, Document, DocumentStatus


class DocumentOut(Wire):
    id: UUID
    title: str
    media_type: str
    status: DocumentStatus
    state: str = Field(description="How it stands, in words for a person.")
    is_readable: bool = Field(description="Whether its text is there, so that it can come with a question.")
    error: str = Field(description="Why it could not be read, in words; empty: nothing went wrong.")
    is_shared: bool = Field(description="Whether it is everybody's.")
    passages: int
    passages_done: int = Field(description="Those that are found by meaning too, and not by their words only.")
    chars: int
    created_at: datetime
    updated_at: datetime


class PassageOut(Wire):
    position: int
    place: str = Field(description="The headings it stands under.")
    page: int | None = Field(description="Where the document has pages.")
    text: str


def document_out(row: Document) -> DocumentOut:
    return DocumentOut(
        id=row.id,
        title=row.title,
        media_type=row.media_type,
        status=DocumentStatus(row.status),
        state=row.state,
        is_readable=row.has_text,
        error=row.error,
        is_shared=row.owner_id is None,
        passages=row.passages,
        passages_done=row.passages_done,
        chars=row.chars,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def passage_out(row: Chunk) -> PassageOut:
    return PassageOut(position=row.position, place=row.place, page=row.page, text=row.text)
