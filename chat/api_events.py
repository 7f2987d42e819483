"""REST: the events of runs, what there is now as JSON or what comes as server-sent events. See docs/protocol.md."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from ninja import Header, Query, Router
from ninja.errors import HttpError

from accounts.authentication import ApiRequest, needs
from accounts.models import Scope
from agents.database import in_database
from agents.follow import Have
from agents.models import Run, Thread
from chat import following, sse
from chat.api import REFUSALS
from chat.following import Cursor, Told
from chat.schemas import EventsOut, Problem

MAY_READ = needs(Scope.READ, is_async=True)
AS_STREAM = {
    "responses": {200: {"content": {sse.MEDIA_TYPE: {"schema": {"type": "string"}, "example": "id: …\ndata: {…}\n\n"}}}}
}
After = Annotated[str | None, Query(max_length=80, description="`cursor` of the answer before, or an event's `id`.")]
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=80)]
Follow = Annotated[bool, Query(description="Stream on (as does `Accept: text/event-stream`).")]

router = Router(by_alias=True, tags=["Events"])


@router.get(
    "/runs/{uuid:run_id}/events",
    auth=MAY_READ,
    response={200: EventsOut, REFUSALS | {409}: Problem},
    openapi_extra=AS_STREAM,
)
async def events_of_run(
    request: ApiRequest, run_id: UUID, after: After = None, follow: Follow = False, last_event_id: LastEventId = None
) -> dict[str, Any] | StreamingHttpResponse:
    """The events of a run, or of a task below one. As a stream it goes on until the run ends or pauses.

    `RUN_STARTED` voids what you knew of the run: a place that cannot be told from any more begins again with it.
    """
    run = await in_database(_run, request, run_id)
    cursor = Cursor.read(last_event_id or after)
    if not _wants_stream(request, follow):
        return _as_json(await following.so_far(run, cursor), cursor)
    return sse.response(_stream_of_run(run, _have(cursor)))


@router.get(
    "/threads/{uuid:thread_id}/events",
    auth=MAY_READ,
    response={200: EventsOut, REFUSALS: Problem},
    openapi_extra=AS_STREAM,
)
async def events_of_thread(
    request: ApiRequest, thread_id: UUID, after: After = None, follow: Follow = False, last_event_id: LastEventId = None
) -> dict[str, Any] | StreamingHttpResponse:
    """The events of a thread's runs and of the tasks below them, oldest first. As a stream it goes on until you
    close it."""
    await in_database(_thread, request, thread_id)
    cursor = Cursor.read(last_event_id or after)
    if _wants_stream(request, follow):
        return sse.response(_stream_of_thread(thread_id, _have(cursor)))
    told: list[Told] = []
    for run in await in_database(_runs_from, thread_id, cursor):
        told += await following.so_far(run, cursor if cursor and cursor.run_id == str(run.id) else None)
    return _as_json(told, cursor)


async def _stream_of_run(run: Run, have: Have | None) -> AsyncIterator[str]:
    yield sse.OPENING
    async with aclosing(following.of_run(run, have)) as coming:
        async for events in coming:
            for one in events:
                yield sse.event(one.frame, one.cursor)
            if not events:
                yield sse.KEEP_ALIVE


async def _stream_of_thread(thread_id: UUID, have: Have | None) -> AsyncIterator[str]:
    yield sse.OPENING
    async with aclosing(following.batches(thread_id, have)) as coming:
        async for batch in coming:
            for one in following.told(batch):
                yield sse.event(one.frame, one.cursor)
            if batch:
                continue
            if not await in_database(Thread.objects.filter(pk=thread_id).exists):
                return
            yield sse.KEEP_ALIVE


def _as_json(told: list[Told], after: Cursor | None) -> dict[str, Any]:
    place = told[-1].cursor if told else after
    return {"events": [one.event for one in told], "cursor": str(place) if place else None}


def _wants_stream(request: HttpRequest, follow: bool) -> bool:
    return follow or sse.MEDIA_TYPE in request.headers.get("Accept", "")


def _have(cursor: Cursor | None) -> Have | None:
    return Have(cursor.run_id, cursor.seq, cursor.epoch) if cursor and cursor.seq is not None else None


def _run(request: ApiRequest, run_id: UUID) -> Run:
    related = ("replacement", "root__replacement")
    run = get_object_or_404(Run.objects.visible_to(request.user).select_related(*related), pk=run_id)
    asked = run.root or run
    if hasattr(asked, "replacement"):
        raise HttpError(409, f"This run was tried again: run {asked.replacement.id} has taken its place.")
    return run


def _thread(request: ApiRequest, thread_id: UUID) -> Thread:
    return get_object_or_404(Thread.objects.visible_to(request.user), pk=thread_id)


def _runs_from(thread_id: UUID, cursor: Cursor | None) -> list[Run]:
    """A task stands after the runs above it, at the place of the one that a person or program asked for."""
    here = Q(thread=thread_id) | Q(root__thread=thread_id, root__replacement__isnull=True)
    runs = Run.objects.filter(here).shown().select_related("root")
    place = {str(run.id): (run.root or run).position for run in runs}
    begin = place.get(cursor.run_id, 0) if cursor else 0
    coming = [run for run in runs if place[str(run.id)] >= begin]
    return sorted(coming, key=lambda run: (place[str(run.id)], run.depth, run.id))
