"""REST: runs, from the question to the answer, and what a person thought of it."""

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from ninja.errors import HttpError

from accounts.authentication import ApiRequest, needs
from accounts.models import Scope
from agents import actions as runs
from agents.models import Run, RunStatus, ToolCall
from chat import actions, programs, shown
from chat.api import MAY_READ, MAY_RUN, OF_A_BODY, REFUSALS, own_thread
from chat.models import Feedback
from chat.paging import Cursor, Limit, page
from chat.programs import Place
from chat.schemas import EditedQuestion, NewRun, Page, Problem, RunOut, Thumb, ThumbOut, WholeToolCall

MAY_SCORE = needs(Scope.SCORE)
OR_CONFLICT = REFUSALS | {409}

router = Router(by_alias=True, tags=["Runs"])


@router.post("/runs", auth=MAY_RUN, response={201: RunOut, 200: RunOut, OF_A_BODY: Problem})
def start_run(request: ApiRequest, asked: NewRun) -> Status[RunOut]:
    """Ask a question. 200 instead of 201: this `clientRequestId` was asked before, and that run is the answer."""
    run, is_new = programs.ask(
        user=request.user,
        text=asked.text,
        place=_place(request, asked),
        request_id=asked.client_request_id,
        document_ids=asked.attachments,
    )
    return Status(201 if is_new else 200, shown.run(_own(request, run.id)))


@router.get("/runs", auth=MAY_READ, response={200: Page[RunOut], REFUSALS: Problem})
def list_runs(
    request: ApiRequest,
    threadId: UUID | None = None,
    status: RunStatus | None = None,
    before: Cursor = None,
    limit: Limit = 20,
) -> Page[RunOut]:
    """Your runs, of one thread or in one state if you say so. The tasks below a run stand in it, as `children`."""
    rows = Run.objects.asked_in_threads_of(request.user).select_related(*shown.OF_A_RUN)
    rows = rows.filter(thread=threadId) if threadId else rows
    rows = rows.filter(status=status) if status else rows
    found, following = page(rows, before=before, limit=limit)
    return Page[RunOut](items=shown.runs(found), next=following)


@router.get("/runs/{uuid:run_id}", auth=MAY_READ, response={200: RunOut, REFUSALS: Problem})
def read_run(request: ApiRequest, run_id: UUID) -> RunOut:
    """One run, with its answer once there is one."""
    return shown.run(_own(request, run_id))


@router.post("/runs/{uuid:run_id}/cancel", auth=MAY_RUN, response={200: RunOut, REFUSALS: Problem})
def cancel_run(request: ApiRequest, run_id: UUID) -> RunOut:
    """Stop a run within two seconds; what was said so far is kept. One that has ended stays as it ended.

    Tasks are stopped with the run that gave them. A task may be stopped alone: who gave it is told, and goes on.
    """
    runs.cancel_run(_own(request, run_id))
    return shown.run(_own(request, run_id))


@router.post("/runs/{uuid:run_id}/retry", auth=MAY_RUN, response={200: RunOut, OR_CONFLICT: Problem})
def retry_run(request: ApiRequest, run_id: UUID) -> RunOut:
    """Ask the question of an ended run again. The new run takes its place; asking twice starts one."""
    run = runs.retry_run(run=_question(request, run_id), user=request.user)
    return shown.run(_own(request, run.id))


@router.patch("/runs/{uuid:run_id}", auth=MAY_RUN, response={200: RunOut, OR_CONFLICT | OF_A_BODY: Problem})
def edit_question(request: ApiRequest, run_id: UUID, asked: EditedQuestion) -> RunOut:
    """Change a question that still waits for its turn."""
    runs.edit_question(run=_question(request, run_id), text=asked.text)
    return shown.run(_own(request, run_id))


@router.delete("/runs/{uuid:run_id}", auth=MAY_RUN, response={204: None, OR_CONFLICT: Problem})
def withdraw_question(request: ApiRequest, run_id: UUID) -> Status[None]:
    """Take back a question that still waits for its turn. One that was begun can only be cancelled."""
    runs.withdraw_question(_question(request, run_id))
    return Status(204, None)


@router.get("/tool-calls/{uuid:call_id}", auth=MAY_READ, response={200: WholeToolCall, REFUSALS: Problem})
def read_tool_call(request: ApiRequest, call_id: UUID) -> WholeToolCall:
    """A tool call with the whole of its result, also where the LLM was given a part."""
    mine = ToolCall.objects.filter(run__in=Run.objects.visible_to(request.user)).select_related("artifact")
    return shown.whole_tool_call(get_object_or_404(mine, pk=call_id))


@router.put("/runs/{uuid:run_id}/feedback", auth=MAY_SCORE, response={200: ThumbOut, OF_A_BODY: Problem})
def rate_answer(request: ApiRequest, run_id: UUID, asked: Thumb) -> Feedback:
    """Your thumb on an answer, as the buttons below it in the chat; a later one takes its place."""
    run = _question(request, run_id)
    actions.rate_answer(run=run, author=request.user, is_positive=asked.is_positive, comment=asked.comment)
    return Feedback.objects.get(run=run, author=request.user)


@router.delete("/runs/{uuid:run_id}/feedback", auth=MAY_SCORE, response={204: None, REFUSALS: Problem})
def withdraw_rating(request: ApiRequest, run_id: UUID) -> Status[None]:
    """Take your thumb back."""
    actions.rate_answer(run=_question(request, run_id), author=request.user, is_positive=None)
    return Status(204, None)


def _place(request: ApiRequest, asked: NewRun) -> Place:
    if asked.thread_id is None:
        return programs.somewhere_new(
            agent_slug=asked.agent, is_conversation=asked.conversation, is_temporary=asked.temporary
        )
    thread = own_thread(request, asked.thread_id)
    if asked.agent not in (None, thread.agent.slug):
        raise HttpError(422, f"This thread is answered by {thread.agent.slug}. Ask another agent in a new thread.")
    return Place(thread_id=thread.id, is_temporary=asked.temporary)


def _own(request: ApiRequest, run_id: UUID) -> Run:
    run = Run.objects.visible_to(request.user).select_related(*shown.OF_A_RUN).filter(pk=run_id).first()
    if run is None:
        raise Http404
    return run


def _question(request: ApiRequest, run_id: UUID) -> Run:
    """A run that a person or program asked for."""
    run = _own(request, run_id)
    if run.parent_id:
        raise HttpError(422, f"This is a task one agent gave to another. Do it with the whole run: {run.root_id}.")
    return run
