"""REST: agents, threads and what was said in them."""

from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from ninja.errors import HttpError

from accounts.authentication import ApiRequest, needs
from accounts.models import Scope
from agents.models import Agent, Message, Run, Thread, ToolCall
from chat import actions, programs, shown
from chat.paging import Cursor, Limit, page
from chat.schemas import AgentOut, MessageOut, NewThread, Page, Problem, ThreadOut

REFUSALS = frozenset({401, 403, 404, 422, 503})
OF_A_BODY = REFUSALS | {400}
MAY_READ = needs(Scope.READ)
MAY_RUN = needs(Scope.RUN)

router = Router(by_alias=True)


@router.get("/agents", auth=MAY_READ, tags=["Agents"], response={200: list[AgentOut], REFUSALS: Problem})
def list_agents(request: HttpRequest) -> list[Agent]:
    """The agents that can be asked."""
    return list(Agent.objects.offered())


@router.post("/threads", auth=MAY_RUN, tags=["Threads"], response={201: ThreadOut, OF_A_BODY: Problem})
def create_thread(request: ApiRequest, asked: NewThread) -> Status[ThreadOut]:
    """An empty thread. Usually not needed: a run without `threadId` makes its own."""
    thread = programs.open_thread(request.user, agent_slug=asked.agent, is_temporary=asked.temporary)
    return Status(201, shown.thread(thread))


@router.get("/threads", auth=MAY_READ, tags=["Threads"], response={200: Page[ThreadOut], REFUSALS: Problem})
def list_threads(request: ApiRequest, before: Cursor = None, limit: Limit = 20) -> Page[ThreadOut]:
    """Your threads, those of conversations too."""
    rows = Thread.objects.visible_to(request.user).select_related(*shown.OF_A_THREAD)
    found, following = page(rows, before=before, limit=limit)
    return Page[ThreadOut](items=[shown.thread(row) for row in found], next=following)


@router.get("/threads/{uuid:thread_id}", auth=MAY_READ, tags=["Threads"], response={200: ThreadOut, REFUSALS: Problem})
def read_thread(request: ApiRequest, thread_id: UUID) -> ThreadOut:
    """One thread."""
    return shown.thread(own_thread(request, thread_id))


@router.delete("/threads/{uuid:thread_id}", auth=MAY_RUN, tags=["Threads"], response={204: None, REFUSALS: Problem})
def delete_thread(request: ApiRequest, thread_id: UUID, memories: bool = False) -> Status[None]:
    """Delete a thread with all that was said in it, for good. What still runs is stopped first.

    What was learned from it stays, unless `memories` says that it is forgotten too (scope `memory`).
    """
    if memories and Scope.MEMORY not in request.scopes:
        raise HttpError(403, "This token may not do that: it lacks the scope memory.")
    actions.delete_thread(own_thread(request, thread_id), and_memories=memories)
    return Status(204, None)


@router.get(
    "/threads/{uuid:thread_id}/messages",
    auth=MAY_READ,
    tags=["Threads"],
    response={200: list[MessageOut], REFUSALS: Problem},
)
def list_messages(
    request: ApiRequest, thread_id: UUID, after: UUID | None = None, limit: Limit = 100
) -> list[MessageOut]:
    """What was said, oldest first; `after` is the id of the last message you have."""
    thread = own_thread(request, thread_id)
    rows = Message.objects.filter(run__in=Run.objects.filter(thread=thread).shown(), is_superseded=False)
    if after:
        rows = _following(rows, after)
    calls = Prefetch("tool_calls", ToolCall.objects.select_related("artifact").order_by("position"))
    return shown.messages(rows.order_by("run__position", "position").prefetch_related(calls)[:limit])


def own_thread(request: ApiRequest, thread_id: UUID) -> Thread:
    rows = Thread.objects.visible_to(request.user).select_related(*shown.OF_A_THREAD)
    return get_object_or_404(rows, pk=thread_id)


def _following(rows, last_id: UUID):  # type: ignore[no-untyped-def]
    last = rows.filter(pk=last_id).values("run__position", "position").first()
    if last is None:
        raise Http404
    later_run = rows.filter(run__position__gt=last["run__position"])
    return later_run | rows.filter(run__position=last["run__position"], position__gt=last["position"])
