"""What people see: conversations, and what they thought of the answers."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import User
from agents.models import Run, Thread


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: User | AnonymousUser) -> "ConversationQuerySet":
        return self.filter(owner_id=user.pk) if user.is_authenticated else self.none()


class Conversation(models.Model):
    """A person's view of a thread; both go by the thread's id."""

    thread = models.OneToOneField(Thread, primary_key=True, on_delete=models.CASCADE, related_name="conversation")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=120, blank=True)
    is_pinned = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now_add=True, help_text="When something was last said.")

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-is_pinned", "-updated_at"]
        indexes: ClassVar = [models.Index(fields=["owner", "-updated_at"], name="conversations_of_a_person")]

    def __str__(self) -> str:
        return self.title or "New conversation"

    @property
    def id(self) -> uuid.UUID:
        return self.thread_id


class Feedback(models.Model):
    """A person's thumb on an answer; told to the recorder as the score `feedback`."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="feedback")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_positive = models.BooleanField()
    comment = models.CharField(max_length=2000, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "feedback"
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "author"], name="one_thumb_per_person")]

    def __str__(self) -> str:
        return "up" if self.is_positive else "down"
