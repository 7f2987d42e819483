"""Files that came with a question."""

from typing import ClassVar

from django.db import models
from uuid_utils.compat import uuid7

from agents.models.messages import Message
from memory.models import Document


class Attachment(models.Model):
    """A file that came with a question. What the LLM reads of it stands here, whatever becomes of the document."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    position = models.PositiveSmallIntegerField()
    document = models.ForeignKey(Document, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField(help_text="Bytes of the file.")
    content_hash = models.CharField(max_length=64, help_text="Tells whether the document still holds this file.")
    text = models.TextField(help_text="What the LLM reads: all of it, or its beginning.")
    chars = models.PositiveIntegerField(help_text="Length of the whole text.")

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "position"], name="one_attachment_per_position")
        ]

    def __str__(self) -> str:
        return self.name
