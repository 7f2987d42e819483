"""What a person does in the chat."""

import uuid
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from agents import actions as runs
from agents.actions import Refused
from agents.attachments import chosen as chosen_files
from agents.models import Agent, AgentVersion, Run, Thread
from agents.reflecting.ratings import rated
from agents.text import storable
from chat.memory_actions import forget_conversation
from chat.models import Conversation, Feedback
from memory.windows import forget_windows_of_thread
from observability import recorder

TITLE_LENGTH = 80


def send_message(
    *,
    user: User,
    text: str,
    request_id: str,
    thread_id: uuid.UUID,
    is_new: bool,
    agent_slug: str | None = None,
    version: int | None = None,
    is_temporary: bool = False,
    document_ids: Sequence[uuid.UUID] = (),
) -> Run:
    """Ask a question, in the conversation with this id or in a new one. The same `request_id` asks only once.

    Whether nothing of it is remembered (`is_temporary`) is said of a new conversation, and never changes. Raises
    Refused in words; then nothing was kept.
    """
    if document_ids and (already := _asked_before(user, request_id)):
        return already  # its files may be gone meanwhile
    try:
        with transaction.atomic():
            attached = chosen_files(user.pk, document_ids) if document_ids else ()
            conversation = (
                _open_conversation(user, thread_id, agent_slug, version, is_temporary, runs.checked_question(text))
                if is_new
                else _own_conversation(user, thread_id)
            )
            check_temporary(conversation.thread, is_temporary)
            run = runs.start_run(
                thread=conversation.thread, user=user, text=text, attached=attached, client_request_id=request_id
            )
            Conversation.objects.filter(pk=conversation.pk).update(updated_at=timezone.now())
            return run
    except IntegrityError:
        if already := _asked_before(user, request_id):  # the same request came twice at once
            return already
        raise


def check_temporary(thread: Thread, is_asked: bool) -> None:
    """Refuse what was meant to be forgotten in a thread that is remembered."""
    if is_asked and not thread.is_temporary:
        raise Refused("Only a new conversation can be made temporary. Nothing was sent.")


def version_to_try(user: User, agent_slug: str | None, number: int) -> AgentVersion | None:
    """That version of an agent, live or not, for those who may change agents."""
    if not (user.is_staff and user.has_perm("agents.change_agent")):
        return None
    versions = AgentVersion.objects.select_related("agent__live")
    return versions.filter(agent__slug=agent_slug, number=number).first() if 0 < number < 2**31 else None


def rename_conversation(conversation: Conversation, title: str) -> None:
    conversation.title = " ".join(storable(title).split())[:120] or conversation.title
    conversation.save(update_fields=["title"])


def pin_conversation(conversation: Conversation, is_pinned: bool) -> None:
    conversation.is_pinned = is_pinned
    conversation.save(update_fields=["is_pinned"])


def delete_conversation(conversation: Conversation, *, and_memories: bool = False) -> None:
    """Delete a conversation with its transcript, and if it is wished with what was learned from it."""
    delete_thread(conversation.thread, and_memories=and_memories)


@transaction.atomic
def delete_thread(thread: Thread, *, and_memories: bool = False) -> None:
    """Delete a thread with all that was said in it; a run still at work is stopped first.

    It can be found no more when an answer is written. What was learned from it stays, unless it is wished otherwise.
    """
    for run in thread.runs.unfinished():
        runs.cancel_run(run)
    if thread.owner:
        forget_windows_of_thread(thread.owner.pk, thread.pk)
        if and_memories:
            forget_conversation(thread.owner, thread.pk)
    thread.delete()


@transaction.atomic
def rate_answer(*, run: Run, author: User, is_positive: bool | None, comment: str = "") -> None:
    """Keep a person's thumb on an answer, once; None takes it back."""
    if is_positive is None:
        Feedback.objects.filter(run=run, author=author).delete()
        recorder.remove_score(trace_id=run.id, name=recorder.FEEDBACK, author_id=author.pk)
        rated(run, by=author, is_positive=None)
        return
    words = storable(comment).strip()[:2000]
    rated(run, by=author, is_positive=is_positive, comment=words)
    Feedback.objects.update_or_create(run=run, author=author, defaults={"is_positive": is_positive, "comment": words})
    recorder.record_score(
        trace_id=run.id, name=recorder.FEEDBACK, value=float(is_positive), comment=words, author_id=author.pk
    )


def _asked_before(user: User, request_id: str) -> Run | None:
    return Run.objects.filter(user=user, client_request_id=request_id).first()


def _own_conversation(user: User, thread_id: uuid.UUID) -> Conversation:
    conversation = Conversation.objects.visible_to(user).select_related("thread").filter(pk=thread_id).first()
    if conversation is None:
        raise Refused("There is no such conversation.")
    return conversation


def _open_conversation(
    user: User, thread_id: uuid.UUID, agent_slug: str | None, number: int | None, is_temporary: bool, question: str
) -> Conversation:
    new = {"id": thread_id, "owner": user, "is_temporary": is_temporary}
    if number is None:
        thread = Thread.objects.create(agent=_offered_agent(agent_slug), **new)
    else:
        version = version_to_try(user, agent_slug, number)
        if version is None:
            raise Refused("There is no such version to try.")
        thread = Thread.objects.create(agent=version.agent, tried_version=version, **new)
    title = " ".join(question.split())
    return Conversation.objects.create(
        thread=thread, owner=user, title=title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1]}…"
    )


def _offered_agent(slug: str | None) -> Agent:
    agents = Agent.objects.offered()
    agent = agents.filter(slug=slug).first() if slug else agents.first()
    if agent is None:
        raise Refused("There is no such agent." if slug else "No agent is switched on.")
    return agent
