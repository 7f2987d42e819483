"""Vectors, where they are, and what is still to be done to them. Owners are plain numbers, as in `stores.base`.

A trigger of each table whose rows have vectors (`forget_vectors`, made in the migrations) deletes the vector of a row
that is deleted, in the same transaction, and writes a `VectorDeletion` for stores outside.
"""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from pgvector.django import HalfVectorField


class VectorSpace(models.Model):
    """Vectors that may be compared: of one collection, from one embedder, of one length."""

    collection = models.CharField(max_length=20)
    embedder = models.CharField(max_length=120)
    dimensions = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["collection", "embedder"], name="one_space_per_embedder")
        ]

    def __str__(self) -> str:
        return f"{self.collection} by {self.embedder}"


class StoredVector(models.Model):
    """A vector in PostgreSQL. The index holds the vectors too, each owner's side by side: nothing else is read."""

    pk = models.CompositePrimaryKey("space_id", "item")
    space = models.ForeignKey(VectorSpace, on_delete=models.CASCADE, db_index=False)
    item = models.UUIDField()
    owner = models.BigIntegerField(help_text="A user's id, or 0: everybody's.")
    embedding = HalfVectorField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["space", "owner"], include=["item", "embedding"], name="vectors_of_an_owner")
        ]

    def __str__(self) -> str:
        return str(self.item)


class VectorDeletion(models.Model):
    """An item that is gone, or must not be found any more; the job takes it out of the stores outside."""

    pk = models.CompositePrimaryKey("collection", "item")
    collection = models.CharField(max_length=20)
    item = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now, db_default=Now())
    claimed_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.item} of {self.collection}"


class VectorClaim(models.Model):
    """An item that is being embedded, or could not be and is tried again at `until`."""

    pk = models.CompositePrimaryKey("collection", "item")
    collection = models.CharField(max_length=20)
    item = models.UUIDField()
    until = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, help_text="In words, for whoever runs Plumbline.")

    def __str__(self) -> str:
        return f"{self.item} of {self.collection}"


class VectorPlan(models.Model):
    """The one row that says which vectors searches go by, and which they shall go by once they are complete.

    Each place is an embedder and a store, as in `Memory.embedded_with`.
    """

    serving = models.CharField(max_length=160)
    target = models.CharField(max_length=160)
    configured = models.CharField(max_length=160, help_text="What the settings said when they were last looked at.")
    leaving = models.JSONField(default=list, help_text="Places whose vectors are still to be wiped.")
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.serving} → {self.target}"


class EmbeddedText(models.Model):
    """The vector a text was given lately, by the text's hash, so that equal texts are embedded once. Kept for a day."""

    pk = models.CompositePrimaryKey("embedder", "content_hash")
    embedder = models.CharField(max_length=120)
    content_hash = models.BinaryField(max_length=32)
    embedding = HalfVectorField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["content_hash"], name="embedded_texts_by_hash")]

    def __str__(self) -> str:
        return f"{self.content_hash.hex()[:12]} by {self.embedder}"
