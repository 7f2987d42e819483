"""AG-UI: `RunAgentInput` in, its events out as server-sent events. For every client that speaks the protocol."""

import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from ag_ui.core import RunAgentInput
from django.http import Http404, StreamingHttpResponse
from ninja import Router
from ninja.errors import HttpError

from accounts.authentication import ApiRequest, needs
from accounts.models import Scope, User
from agents.database import in_database
from agents.follow import Have
from agents.models import Agent, Run, RunStatus, Thread
from chat import answering, following, programs, sse, team
from chat.agui import Telling, heard_before
from chat.api import OF_A_BODY
from chat.api_events import LastEventId
from chat.following import Cursor
from chat.programs import Place
from chat.schemas import Problem
from chat.voice import Heard

MAY_RUN = needs(Scope.READ, Scope.RUN, is_async=True)
LONGEST_ID = 100
FOREIGN_THREADS = uuid.UUID("0a5b0d6e-5f4f-5d5c-9d55-3c1d2f0f6f1e")
EXAMPLE = {
    "threadId": "support-17",
    "runId": "question-1",
    "messages": [{"id": "m1", "role": "user", "content": "What is 6 × 7?"}],
}
DOCUMENTED = {
    "requestBody": {"content": {"application/json": {"example": EXAMPLE}}},
    "responses": {200: {"content": {sse.MEDIA_TYPE: {"schema": {"type": "string"}}}}},
}

logger = logging.getLogger(__name__)
router = Router(tags=["AG-UI"])


@dataclass(frozen=True)
class Begun:
    """A run to follow, and what its client has heard of it already."""

    run: Run
    heard: Heard


@router.post("/ag-ui", auth=MAY_RUN, response={200: None, OF_A_BODY | {409}: Problem}, openapi_extra=DOCUMENTED)
async def run_agent(
    request: ApiRequest, asked: RunAgentInput, last_event_id: LastEventId = None
) -> StreamingHttpResponse:
    """Ask the agent of the thread, for a new thread that of `forwardedProps.agent` or the first one.

    Only the last message, if it is the user's, and `resume` are taken; the transcript is kept here, and what a client
    says of earlier messages, tool results or approvals is not believed. The same `runId` again follows the same run.
    """
    return await _answer(request, asked, _agent_in(asked.forwarded_props), last_event_id)


@router.post(
    "/ag-ui/{slug:agent}", auth=MAY_RUN, response={200: None, OF_A_BODY | {409}: Problem}, openapi_extra=DOCUMENTED
)
async def run_named_agent(
    request: ApiRequest, agent: str, asked: RunAgentInput, last_event_id: LastEventId = None
) -> StreamingHttpResponse:
    """The same with the agent in the address."""
    if not await in_database(Agent.objects.offered().filter(slug=agent).exists):
        raise Http404
    return await _answer(request, asked, agent, last_event_id)


async def _answer(
    request: ApiRequest, asked: RunAgentInput, agent: str | None, last_event_id: str | None
) -> StreamingHttpResponse:
    _check_ids(asked)
    begun = await in_database(_begin, request, asked, agent)
    cursor = Cursor.read(last_event_id)
    telling = _telling(asked, begun)
    have = await _caught_up(begun.run, telling, cursor) if cursor else None
    if have is None:
        telling = _telling(asked, begun)
    return sse.response(_stream(begun.run, telling, have))


def _telling(asked: RunAgentInput, begun: Begun) -> Telling:
    return Telling(root=str(begun.run.id), thread_id=asked.thread_id, run_id=asked.run_id, heard=begun.heard)


def _begin(request: ApiRequest, asked: RunAgentInput, agent: str | None) -> Begun:
    """Start the run, find the one that was started, or let the one that waits go on."""
    user = request.user
    thread = _thread(user, asked.thread_id)
    if asked.resume:
        if Scope.DECIDE not in request.scopes:
            raise HttpError(403, "This token may not answer interrupts: it lacks the scope decide.")
        run, since = answering.resume(thread=thread, user=user, entries=asked.resume)
        return Begun(run, heard_before(run, since))
    if already := Run.objects.filter(user=user, client_request_id=asked.run_id).first():
        if thread is None or already.thread_id != thread.id:
            raise HttpError(409, "This runId was used in another thread.")
        return Begun(_latest(already), Heard())
    text = _question_in(asked)
    if thread and _waits_for_people(thread):
        raise HttpError(409, "This thread waits for an answer to its interrupts: send it in `resume` first.")
    if thread and agent not in (None, thread.agent.slug):
        raise HttpError(422, f"This thread is answered by {thread.agent.slug}. Ask another agent in a new thread.")
    place = Place(
        thread_id=thread.id if thread else _own_id(user, asked.thread_id),
        agent_slug=agent,
        is_temporary=_is_temporary(asked.forwarded_props),
    )
    run, _ = programs.ask(
        user=user,
        text=text,
        place=place,
        request_id=asked.run_id,
        document_ids=_attachments_in(asked.forwarded_props),
    )
    return Begun(run, Heard())


def _waits_for_people(thread: Thread) -> bool:
    waiting = thread.runs.filter(status=RunStatus.WAITING).first()
    return waiting is not None and team.standing(waiting.id).waits_for_people


async def _caught_up(run: Run, telling: Telling, cursor: Cursor) -> Have | None:
    """Bring `telling` to where its client was cut off; None when that cannot be told any more, and it begins again."""
    if cursor.run_id != str(run.id) or cursor.seq is None:
        return None
    log = await following.logged(cursor.run_id, cursor.epoch)
    frames = [frame for batch in log for frame in batch.frames[: max(0, cursor.seq + 1 - batch.first_seq)]]
    if not frames or not log[0].begins_attempt or log[0].first_seq + len(frames) - 1 != cursor.seq:
        return None
    for frame in frames:
        list(telling.take(orjson.loads(frame)))
    return Have(cursor.run_id, cursor.seq, cursor.epoch)


async def _stream(run: Run, telling: Telling, have: Have | None) -> AsyncIterator[str]:
    yield sse.OPENING
    try:
        async with aclosing(team.events(run, telling, have)) as coming:
            async for said in coming:
                for event, cursor in said:
                    yield sse.event(orjson.dumps(event).decode(), cursor)
                if not said:
                    yield sse.KEEP_ALIVE
    except Exception:  # the client is told too: after the first event there is no status to tell it by
        logger.exception("A stream of run %s broke off.", run.id)
        words = "The stream broke off; nothing is lost. Send the same request again to follow the run."
        yield sse.event(orjson.dumps({"type": "RUN_ERROR", "message": words, "code": "stream_error"}).decode(), "")


def _question_in(asked: RunAgentInput) -> str:
    last: Any = asked.messages[-1] if asked.messages else None
    if last is None or last.role != "user":
        raise HttpError(422, "There is no new question: the last message must be the user's.")
    if isinstance(last.content, str):
        return str(last.content)
    if any(part.type != "text" for part in last.content):
        words = "Only text can be sent here. Upload a document and name its id in forwardedProps.attachments."
        raise HttpError(422, words)
    return "\n".join(part.text for part in last.content)


def _is_temporary(forwarded: object) -> bool:
    asked = forwarded.get("temporary", False) if isinstance(forwarded, dict) else False
    if not isinstance(asked, bool):
        raise HttpError(422, "forwardedProps.temporary must be true or false.")
    return asked


def _attachments_in(forwarded: object) -> list[uuid.UUID]:
    asked = forwarded.get("attachments", []) if isinstance(forwarded, dict) else []
    try:
        return [uuid.UUID(each) for each in asked]
    except (ValueError, TypeError, AttributeError):
        raise HttpError(422, "forwardedProps.attachments must be a list of ids of your documents.") from None


def _agent_in(forwarded: object) -> str | None:
    agent = forwarded.get("agent") if isinstance(forwarded, dict) else None
    if agent is not None and not isinstance(agent, str):
        raise HttpError(422, "forwardedProps.agent must be the slug of an agent.")
    return agent


def _check_ids(asked: RunAgentInput) -> None:
    for name, value in (("threadId", asked.thread_id), ("runId", asked.run_id)):
        if not 0 < len(value) <= LONGEST_ID or not value.isprintable():
            raise HttpError(422, f"{name} must have 1 to {LONGEST_ID} printable characters.")


def _thread(user: User, thread_id: str) -> Thread | None:
    """The thread the client means: the id of one of the caller's threads, or a name of the client's own."""
    mine = Thread.objects.visible_to(user).select_related("agent")
    return mine.filter(pk__in=[_own_id(user, thread_id), *_ids_in(thread_id)]).first()


def _latest(run: Run) -> Run:
    """The run that answers now, if it was tried again."""
    while again := Run.objects.filter(replaces=run).first():
        run = again
    return run


def _own_id(user: User, thread_id: str) -> uuid.UUID:
    """The thread that goes by this name for this person; UUIDv5 (RFC 9562)."""
    return uuid.uuid5(FOREIGN_THREADS, f"{user.pk} {thread_id}")


def _ids_in(thread_id: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(thread_id)]
    except ValueError:
        return []
