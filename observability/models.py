"""Telemetry: a read model of its own. A run is the truth; its trace is the testimony, and may be pruned.

Rows name people and threads by plain ids, and no database constraint ties them together: losing a trace must never
break what it tells of, and recording must never wait for another table.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from observability.names import Kind, Status

KINDS = [(kind.value, kind.value) for kind in Kind]
STATUSES = [(status.value, status.value) for status in Status]
COMMON = 10_000
QUESTION_LENGTH, ANSWER_LENGTH, ERROR_LENGTH, NAME_LENGTH = 500, 200, 500, 120


class TraceQuerySet(models.QuerySet["Trace"]):
    def asking(self, words: str) -> "TraceQuerySet":
        """Those whose question holds all these words; quotes, `or` and `-` work as in a web search."""
        said = Q(words=SearchQuery(words, config="simple", search_type="websearch"))
        found = Trace.objects.filter(said)
        # PostgreSQL guesses the same share for every word it does not know. For a common word the right way is back in
        # time until the page is full; for a rare one that would read the whole table, so those are looked up first.
        if found[: COMMON + 1].count() > COMMON:
            return self.filter(said)
        return self.filter(id__in=found.values("id")[:COMMON])

    def with_error(self) -> "TraceQuerySet":
        return self.filter(error_count__gt=0)


class Trace(models.Model):
    """One run with its totals already in it, so that no list and no tile ever adds up spans."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    thread_id = models.UUIDField()
    user_id = models.BigIntegerField(null=True)
    agent = models.CharField(max_length=NAME_LENGTH)
    agent_version = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=STATUSES)
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(null=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    question = models.CharField(max_length=QUESTION_LENGTH, blank=True)
    words = models.GeneratedField(
        expression=SearchVector("question", config="simple"), output_field=SearchVectorField(), db_persist=True
    )
    answer = models.CharField(max_length=ANSWER_LENGTH, blank=True)
    error = models.CharField(max_length=ERROR_LENGTH, blank=True)
    llm_name = models.CharField(max_length=NAME_LENGTH, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, null=True, help_text="US dollars; empty: unknown.")
    error_count = models.PositiveIntegerField(default=0)
    llm_calls = models.PositiveIntegerField(default=0)
    tool_calls = models.PositiveIntegerField(default=0)
    score = models.FloatField(null=True, help_text="What a person thought of the answer: 1 up, 0 down.")

    objects = TraceQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(F("started_at").desc(), F("id").desc(), name="traces_newest"),
            models.Index(F("user_id"), F("started_at").desc(), name="traces_of_a_person"),
            models.Index(F("thread_id"), F("started_at").desc(), name="traces_of_a_thread"),
            models.Index(F("agent"), F("started_at").desc(), name="traces_of_an_agent"),
            models.Index(
                F("started_at").desc(), F("id").desc(), name="traces_with_error", condition=Q(error_count__gt=0)
            ),
            models.Index(
                F("status"), F("started_at").desc(), name="traces_not_answered", condition=~Q(status=Status.OK.value)
            ),
            models.Index(
                F("score"), F("started_at").desc(), name="traces_with_score", condition=Q(score__isnull=False)
            ),
            GinIndex(fields=["words"], name="traces_by_word"),
        ]

    def __str__(self) -> str:
        return self.question or str(self.id)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


class Span(models.Model):
    """One finished step. Narrow, append-only, never updated; its id was fixed before it ran."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trace = models.ForeignKey(
        Trace, on_delete=models.CASCADE, related_name="spans", db_index=False, db_constraint=False
    )
    parent_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=16, choices=KINDS)
    name = models.CharField(max_length=NAME_LENGTH)
    status = models.CharField(max_length=10, choices=STATUSES)
    error = models.CharField(max_length=ERROR_LENGTH, blank=True)
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    attempt = models.PositiveSmallIntegerField(default=1)
    llm_name = models.CharField(max_length=NAME_LENGTH, blank=True)
    tool_name = models.CharField(max_length=NAME_LENGTH, blank=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    input_tokens = models.PositiveIntegerField(default=0, help_text="With the cached ones.")
    cached_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0, help_text="With the reasoning ones.")
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["trace", "started_at"], name="spans_of_a_trace"),
            models.Index(
                fields=["tool_name", "started_at"],
                include=["status", "duration_ms", "trace"],
                condition=~Q(tool_name=""),
                name="spans_of_a_tool",
            ),
            models.Index(fields=["started_at"], condition=Q(status=Status.ERROR.value), name="spans_with_error"),
        ]

    def __str__(self) -> str:
        return self.name


class Payload(models.Model):
    """What went in and out of a span: masked and cut before it was written, and read by the detail page only."""

    span = models.OneToOneField(Span, primary_key=True, on_delete=models.CASCADE, db_constraint=False)
    input = models.JSONField(null=True)
    output = models.JSONField(null=True)
    attributes = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.span_id)


class Score(models.Model):
    """A judgement on a trace, by a person or by an evaluator. A changed mind overwrites."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trace = models.ForeignKey(
        Trace, on_delete=models.CASCADE, related_name="scores", db_index=False, db_constraint=False
    )
    name = models.CharField(max_length=NAME_LENGTH)
    source = models.CharField(max_length=NAME_LENGTH, default="user")
    author_id = models.BigIntegerField(null=True)
    value = models.FloatField()
    comment = models.CharField(max_length=2000, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["trace", "name", "source", "author_id"], name="one_score_per_author", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value:g}"
