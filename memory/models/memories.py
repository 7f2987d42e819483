"""What is known about people, each item theirs alone: how it is kept, what became of it, where it was used.

Nothing here is found without saying whose it is: `MemoryQuerySet.of` is the way in. Threads, runs, messages and agents
are plain ids, because this room knows nothing of those above it.
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

LONGEST_MEMORY = 500
LONGEST_WINDOW = 4_000


def word_stems() -> models.GeneratedField:
    """What recall ranks a text by, made by the database as the text is written (`memory.ranking`)."""
    return models.GeneratedField(
        expression=models.Func("text", function="memory_words"), output_field=models.BinaryField(), db_persist=True
    )


class MemoryKind(models.TextChoices):
    FACT = "fact"
    PREFERENCE = "preference"
    EVENT = "event"


class MemoryStatus(models.TextChoices):
    ACTIVE = "active"
    SUPERSEDED = "superseded", "replaced by a newer one"
    ARCHIVED = "archived", "put away"


class MemoryOrigin(models.TextChoices):
    SAID = "said", "from a conversation"
    ASKED = "asked", "asked to be remembered"
    WRITTEN = "written", "written by hand"
    IMPORTED = "imported"


class MemoryQuerySet(models.QuerySet["Memory"]):
    def of(self, user_id: int, *, agent_id: int | None = None) -> "MemoryQuerySet":
        """One person's, and of these, where an agent is named, those that are for every agent or for this one."""
        mine = self.filter(user_id=user_id)
        return mine if agent_id is None else mine.filter(Q(agent_id=None) | Q(agent_id=agent_id))

    def current(self) -> "MemoryQuerySet":
        """Those that may be recalled now."""
        is_valid = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(is_valid, status=MemoryStatus.ACTIVE)


class Memory(models.Model):
    """One thing known about a person, in one sentence that stands alone. Replaced, never overwritten."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memories")
    agent_id = models.BigIntegerField(null=True, blank=True, help_text="The only agent that may recall it; empty: all.")
    kind = models.CharField(max_length=12, choices=MemoryKind, default=MemoryKind.FACT)
    text = models.CharField(max_length=LONGEST_MEMORY)
    subject = models.CharField(max_length=80, blank=True, help_text="Whom it is about: user, or a name.")
    key = models.CharField(max_length=80, blank=True, help_text="What is said about them, for example employer.")
    value = models.CharField(max_length=200, blank=True)
    valid_from = models.DateTimeField(default=timezone.now, help_text="Since when it is true.")
    valid_to = models.DateTimeField(null=True, blank=True, help_text="Until when it was true; empty: still.")
    superseded_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaced")
    status = models.CharField(max_length=12, choices=MemoryStatus, default=MemoryStatus.ACTIVE)
    importance = models.PositiveSmallIntegerField(default=3, help_text="1 to 5.")
    confidence = models.FloatField(default=1.0, help_text="0 to 1.")
    times_said = models.PositiveIntegerField(default=1)
    is_pinned = models.BooleanField(default=False, help_text="Always recalled, never put away.")
    origin = models.CharField(max_length=10, choices=MemoryOrigin, default=MemoryOrigin.SAID)
    thread_id = models.UUIDField(null=True, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    message_id = models.UUIDField(null=True, blank=True, help_text="Where it was said.")
    quote = models.TextField(blank=True, help_text="The very words it was taken from.")
    extractor = models.CharField(max_length=80, blank=True, help_text="What found it, with its version.")
    content_hash = models.CharField(max_length=64, editable=False)
    embedded_with = models.CharField(max_length=120, blank=True, help_text="The embedder of its vector; empty: none.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    times_used = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    # 'simple' finds names exactly as written, 'english' finds other forms of a word.
    tsv = models.GeneratedField(
        expression=SearchVector("text", config="english") + SearchVector("text", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    words = word_stems()

    objects = MemoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "memories"
        permissions: ClassVar = [("read_texts", "Can read what is known about a person")]
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "agent_id", "content_hash"],
                condition=Q(status="active"),
                nulls_distinct=False,
                name="one_active_memory_per_content",
            )
        ]
        indexes: ClassVar = [
            models.Index("user", "subject", "key", condition=Q(valid_to=None), name="memories_that_hold"),
            models.Index("user", "status", name="memories_of_a_person"),
            models.Index("embedded_with", condition=Q(status="active"), name="memories_by_embedder"),
            models.Index(F("id"), condition=~Q(status="active") & ~Q(embedded_with=""), name="memories_put_away"),
            models.Index("expires_at", condition=Q(expires_at__isnull=False), name="memories_that_expire"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"  # never the text: the console shows this, and its log keeps it


class MemoryOperation(models.TextChoices):
    ADDED = "added"
    REINFORCED = "reinforced", "said again"
    SUPERSEDED = "superseded", "replaced"
    EDITED = "edited"
    ARCHIVED = "archived", "put away"
    RESTORED = "restored"
    DELETED = "deleted"


class MemoryEvent(models.Model):
    """One change of a memory; append-only, and what undoing goes by. A deletion takes the texts out of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    memory_id = models.UUIDField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memory_events")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="Who did it; empty: Plumbline itself.",
    )  # fmt: skip
    operation = models.CharField(max_length=12, choices=MemoryOperation)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [models.Index(fields=["memory_id", "created_at"], name="history_of_a_memory")]

    def __str__(self) -> str:
        return f"{self.operation} {self.memory_id}"


class Window(models.Model):
    """A message with its date and what was said just before it: what a conversation is searched by."""

    message_id = models.UUIDField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="windows")
    agent_id = models.BigIntegerField()
    thread_id = models.UUIDField(db_index=True)
    run_id = models.UUIDField(db_index=True)
    text = models.TextField(help_text="At most 4,000 characters.")
    said_at = models.DateTimeField()
    words = word_stems()

    class Meta:
        indexes: ClassVar = [
            models.Index("user", "said_at", name="windows_of_a_person"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"  # never the text


class MemoryUse(models.Model):
    """What a run was reminded of: one memory or one window. `rank` is its place in the list, from 0."""

    run_id = models.UUIDField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    memory = models.ForeignKey(Memory, null=True, on_delete=models.CASCADE, related_name="uses")
    window = models.ForeignKey(Window, null=True, on_delete=models.CASCADE, related_name="uses")
    rank = models.PositiveSmallIntegerField()
    score = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["run_id", "rank"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["run_id", "rank"], name="one_use_per_rank")]

    def __str__(self) -> str:
        return f"{self.rank} of {self.run_id}"


class MemoryPreference(models.Model):
    """What a person decided about being remembered; without a row Plumbline remembers."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="memory_preference"
    )
    is_paused = models.BooleanField(default=False, help_text="Nothing new is kept and nothing is recalled.")
    kept_from = models.DateTimeField(
        null=True, blank=True, help_text="What was said before is not kept any more: it was paused, or forgotten."
    )
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return "paused" if self.is_paused else "on"
