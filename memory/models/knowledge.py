"""Documents people gave Plumbline to answer from, cut into passages that can be found."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7


class DocumentStatus(models.TextChoices):
    QUEUED = "queued", "Waiting to be read"
    READING = "reading"
    INDEXING = "indexing"  # its text is there, and found by its words; its vectors are being made
    READY = "ready"
    FAILED = "failed", "Could not be read"


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user_id: int | None, agent_id: int | None = None) -> "DocumentQuerySet":
        """What an agent may use for a person: their own documents and the shared ones, without those of other agents.

        Without a person only the shared ones; without an agent only those of no agent in particular.
        """
        mine = self.readable_by(user_id)
        return mine.filter(Q(agent_id=None) | Q(agent_id=agent_id)) if agent_id else mine.filter(agent_id=None)

    def readable_by(self, user_id: int | None) -> "DocumentQuerySet":
        """What a person may open: their own documents, and the shared ones, whichever agent they are for."""
        shared = Q(owner=None)
        return self.filter(shared if user_id is None else shared | Q(owner_id=user_id))

    def of(self, user_id: int) -> "DocumentQuerySet":
        """A person's own."""
        return self.filter(owner_id=user_id)

    def light(self) -> "DocumentQuerySet":
        """Without what is long: the file and its text."""
        return self.defer("content", "text")


class Document(models.Model):
    """A file or a pasted text, kept as it came so that it can be read again. Without an owner it is everybody's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="documents"
    )
    agent_id = models.BigIntegerField(null=True, blank=True, help_text="The only agent that may use it; empty: all.")
    title = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    content = models.BinaryField()
    content_hash = models.CharField(max_length=64, editable=False)
    status = models.CharField(max_length=10, choices=DocumentStatus, default=DocumentStatus.QUEUED)
    error = models.TextField(blank=True, help_text="In words, for the person who added it.")
    chars = models.PositiveIntegerField(default=0, help_text="Length of the text found in it.")
    text = models.TextField(blank=True, editable=False, help_text="All of it, as it is read from the first line on.")
    passages = models.PositiveIntegerField(default=0, editable=False)
    passages_done = models.PositiveIntegerField(default=0, editable=False, help_text="Those whose vectors are there.")
    worked_on_at = models.DateTimeField(null=True, editable=False, help_text="The indexer's last sign of life.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now_add=True, help_text="When its content last changed.")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-updated_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "agent_id", "title"], nulls_distinct=False, name="one_document_per_title"
            ),
            models.UniqueConstraint(
                fields=["owner", "agent_id", "content_hash"], nulls_distinct=False, name="one_document_per_content"
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("created_at"), condition=~Q(status__in=["ready", "failed"]), name="documents_to_index")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def has_text(self) -> bool:
        """Whether the text of its present content is there."""
        return self.status in (DocumentStatus.INDEXING, DocumentStatus.READY)

    @property
    def is_at_work(self) -> bool:
        """Whether what is said of it will change by itself."""
        return self.status not in (DocumentStatus.READY, DocumentStatus.FAILED)

    @property
    def state(self) -> str:
        """How it stands, in words."""
        if self.status in (DocumentStatus.QUEUED, DocumentStatus.READING):
            return "Reading"
        if self.status == DocumentStatus.INDEXING:
            return f"Indexing · {self.passages_done:,} of {self.passages:,} passages"
        return "Ready to ask" if self.status == DocumentStatus.READY else "Could not be read"


class ChunkQuerySet(models.QuerySet["Chunk"]):
    def visible_to(self, user_id: int | None, agent_id: int | None = None) -> "ChunkQuerySet":
        return self.filter(document__in=Document.objects.visible_to(user_id, agent_id))


class Chunk(models.Model):
    """A passage of a document, findable by its words and, once embedded, by its meaning."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=200, help_text="The document's title, so that its words count too.")
    place = models.CharField(max_length=300, blank=True, help_text="The headings it stands under.")
    page = models.PositiveIntegerField(null=True, blank=True, help_text="Where its document has pages.")
    text = models.TextField()
    # 'simple' finds names and codes exactly as written, 'english' finds other forms of a word.
    tsv = models.GeneratedField(
        expression=SearchVector("title", "place", config="english", weight="B")
        + SearchVector("text", config="english", weight="D")
        + SearchVector("title", "place", config="simple", weight="B")
        + SearchVector("text", config="simple", weight="D"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    key = models.UUIDField(default=uuid7, unique=True, editable=False, help_text="Its vector's name in a store.")
    embedded_with = models.CharField(max_length=120, blank=True, help_text="The embedder of its vector; empty: none.")

    objects = ChunkQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["document", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "position"], name="one_chunk_per_position")
        ]
        indexes: ClassVar = [
            GinIndex("tsv", name="chunks_by_words"),
            models.Index(F("embedded_with"), name="chunks_by_embedder"),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def where(self) -> str:
        """Its place in words."""
        page = f"page {self.page}" if self.page else ""
        return ", ".join(part for part in (self.place, page) if part)
