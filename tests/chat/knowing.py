"""What Plumbline knows about people in the tests, as if they had said it."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import User
from agents.models import Agent, Thread
from chat.models import Conversation
from memory.models import Memory, Window
from memory.remember import Candidate, remember


def knows(user: User, text: str, *, agent_id: int | None = None, **about: Any) -> Memory:
    """A memory of this person, taken from words of theirs."""
    said = {"text": text, "said_at": timezone.now(), "message_id": uuid7(), "quote": text} | about
    with transaction.atomic():  # so that nothing is embedded
        (kept,) = remember([Candidate(**said)], user_id=user.pk, agent_id=agent_id)
    assert kept.memory, kept.reason
    return kept.memory


def conversation_of(user: User, title: str = "Plans", *, is_temporary: bool = False) -> Conversation:
    thread = Thread.objects.create(owner=user, agent=Agent.objects.offered()[0], is_temporary=is_temporary)
    return Conversation.objects.create(thread=thread, owner=user, title=title)


def said_before(user: User, text: str, thread_id: Any = None) -> Window:
    """A message of an earlier conversation that can be looked up."""
    return Window.objects.create(
        message_id=uuid7(), user=user, agent_id=Agent.objects.offered()[0].pk, thread_id=thread_id or uuid7(),
        run_id=uuid7(), text=text, said_at=timezone.now(),
    )  # fmt: skip
