"""What a program does in a person's name. It needs no conversation: a thread is enough."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from uuid_utils.compat import uuid7

from accounts.models import User
from agents import actions as runs
from agents.actions import Refused
from agents.attachments import chosen as chosen_files
from agents.models import Agent, Run, Thread
from chat import actions
from chat.models import Conversation


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a question is asked: in the thread with this id, made for it if it is not there yet."""

    thread_id: uuid.UUID
    agent_slug: str | None = None
    is_conversation: bool = False
    is_temporary: bool = False


def somewhere_new(*, agent_slug: str | None, is_conversation: bool, is_temporary: bool = False) -> Place:
    return Place(thread_id=uuid7(), agent_slug=agent_slug, is_conversation=is_conversation, is_temporary=is_temporary)


def ask(
    *, user: User, text: str, place: Place, request_id: str | None, document_ids: Sequence[uuid.UUID] = ()
) -> tuple[Run, bool]:
    """The run that answers, and whether it is new: the same `request_id` asks only once. Raises Refused in words."""
    if request_id and (already := _asked_before(user, request_id)):
        return already, False
    try:
        return _ask(user, text, place, request_id, document_ids), True
    except IntegrityError:
        if request_id and (already := _asked_before(user, request_id)):  # the same came twice at once
            return already, False
        raise


@transaction.atomic
def _ask(user: User, text: str, place: Place, request_id: str | None, document_ids: Sequence[uuid.UUID]) -> Run:
    thread = Thread.objects.visible_to(user).select_related("agent").filter(pk=place.thread_id).first()
    is_conversation = Conversation.objects.filter(pk=place.thread_id).exists() if thread else place.is_conversation
    if is_conversation:
        return actions.send_message(
            user=user,
            text=text,
            request_id=request_id or str(uuid7()),
            thread_id=place.thread_id,
            is_new=thread is None,
            agent_slug=place.agent_slug,
            is_temporary=place.is_temporary,
            document_ids=document_ids,
        )
    question = runs.checked_question(text)
    thread = thread or open_thread(
        user, agent_slug=place.agent_slug, thread_id=place.thread_id, is_temporary=place.is_temporary
    )
    actions.check_temporary(thread, place.is_temporary)
    attached = chosen_files(user.pk, document_ids) if document_ids else ()
    return runs.start_run(thread=thread, user=user, text=question, attached=attached, client_request_id=request_id)


def open_thread(
    user: User, *, agent_slug: str | None, thread_id: uuid.UUID | None = None, is_temporary: bool = False
) -> Thread:
    """A thread of this person without a conversation."""
    agents = Agent.objects.offered()
    agent = agents.filter(slug=agent_slug).first() if agent_slug else agents.first()
    if agent is None:
        raise Refused("There is no such agent." if agent_slug else "No agent is switched on.")
    return Thread.objects.create(id=thread_id or uuid7(), owner=user, agent=agent, is_temporary=is_temporary)


def _asked_before(user: User, request_id: str) -> Run | None:
    return Run.objects.filter(user=user, client_request_id=request_id).first()
