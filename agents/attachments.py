"""Files that come with a question: chosen from a person's own documents, kept with the message, told to the LLM.

What is told is fixed when the question is asked, so that the transcript is the same after any crash, and after the
document was replaced or deleted.
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.db.models.functions import Left, Length
from uuid_utils.compat import uuid7

from agents import fences
from agents.models import Attachment, Message, Role, Run
from agents.refusals import Refused
from memory.models import Document, DocumentStatus

MOST_FILES = 5
MOST_CHARACTERS = 30_000  # told to the LLM of all files of a message together; a short file leaves more to the others

UNKNOWN = "There is no such file among your documents. Upload it again."


def chosen(user_id: int, document_ids: Sequence[uuid.UUID]) -> list[Attachment]:
    """These documents of this person, ready to be kept with a message. Raises Refused in words."""
    ids = list(dict.fromkeys(document_ids))
    if len(ids) > MOST_FILES:
        raise Refused(f"At most {MOST_FILES} files can come with a message; these are {len(ids)}.")
    rows = Document.objects.of(user_id).light().annotate(length=Length("text"), size=Length("content"))
    found: dict[uuid.UUID, Any] = {row.pk: row for row in rows.filter(pk__in=ids)}
    if len(found) < len(ids):
        raise Refused(UNKNOWN)
    documents = [found[each] for each in ids]
    for document in documents:
        _check_read(document)
    shares = _shares([document.length for document in documents])
    return [_attachment(document, share) for document, share in zip(documents, shares, strict=True)]


def copies(message: Message) -> list[Attachment]:
    """The files of a message, to be kept with another one that asks the same."""
    rows = list(message.attachments.all()) if message.has_attachments else []
    for row in rows:
        row.pk = uuid7()
    return rows


def copies_of(run: Run) -> list[Attachment]:
    """The files of a run's question."""
    question = run.messages.filter(role=Role.USER).first()
    return copies(question) if question else []


def keep(message: Message, attached: Iterable[Attachment]) -> None:
    """Store them with their message."""
    rows = list(attached)
    for position, row in enumerate(rows):
        row.message, row.position = message, position
    Attachment.objects.bulk_create(rows)


def fetch_files(messages: Iterable[Message], *, with_text: bool = False) -> list[Message]:
    """These messages with their files at hand, read at once; nothing is read where there are none."""
    found = list(messages)
    if having := [message for message in found if message.has_attachments]:
        rows: QuerySet[Attachment] = Attachment.objects.all() if with_text else Attachment.objects.defer("text")
        prefetch_related_objects(having, Prefetch("attachments", rows))
    return found


def of(message: Message) -> list[Attachment]:
    """The files of a message, in the order they were chosen."""
    return list(message.attachments.all()) if message.has_attachments else []


def with_files(message: Message) -> str:
    """The question as the LLM reads it: the person's words, then the files, fenced by marks no file can know."""
    files = of(message)
    if not files:
        return message.text
    shown = [fences.fenced(one.text, name=one.name, key=one.pk.hex[-12:], whole=one.chars) for one in files]
    return fences.with_files(message.text, shown)


def _check_read(document: Document) -> None:
    if document.status == DocumentStatus.FAILED:
        raise Refused(f"{document.title} could not be read: {document.error}")
    if not document.has_text:
        raise Refused(f"{document.title} is still being read. Send the message again in a moment.")


def _shares(lengths: list[int]) -> list[int]:
    """How much of each text is told: the short ones whole, what is left to the long ones alike."""
    shares = [0] * len(lengths)
    left = MOST_CHARACTERS
    for done, place in enumerate(sorted(range(len(lengths)), key=lambda at: lengths[at])):
        shares[place] = min(lengths[place], left // (len(lengths) - done))
        left -= shares[place]
    return shares


def _attachment(document: Any, share: int) -> Attachment:
    beginning = Document.objects.filter(pk=document.pk).values_list(Left("text", share), flat=True).get()
    return Attachment(
        document=document,
        name=document.title,
        media_type=document.media_type,
        size=document.size,
        content_hash=document.content_hash,
        text=beginning,
        chars=document.length,
    )
