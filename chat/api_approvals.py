"""REST: what people are asked before a tool runs, and after one was cut off."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from pydantic import Field

from accounts.authentication import ApiRequest, needs
from accounts.models import Scope
from agents import approvals, settlements
from agents.models import Approval, ApprovalStatus, Run, Settlement, ToolCall, Verdict
from agents.refusals import Forbidden
from chat import shown
from chat.api import MAY_READ, OF_A_BODY, REFUSALS
from chat.paging import Cursor, Limit, page
from chat.schemas import Asked, Page, Problem, ToolCallOut, Wire

MAY_DECIDE = needs(Scope.DECIDE)
OR_CONFLICT = OF_A_BODY | {409}

router = Router(by_alias=True, tags=["Approvals"])


class DecisionOut(Wire):
    by: str | None
    verdict: Verdict
    comment: str
    created_at: datetime


class ApprovalOut(Wire):
    id: UUID
    run_id: UUID = Field(description="The run that asks: a task's, where an agent asks that was given one.")
    root_run_id: UUID = Field(description="The run it belongs to, which a person or program asked for.")
    path: list[str] = Field(description="The agents from that run down to the one that asks, and the tool.")
    tool_call_id: UUID
    tool: str
    arguments: str = Field(description="JSON text: what would be executed.")
    reason: str = Field(description="Which policy asks.")
    who: str = Field(description="requester, staff, group:NAME or user:EMAIL.")
    level: int = Field(description="Counted from 1.")
    needed: int = Field(description="How many people must approve at this level.")
    status: ApprovalStatus
    may_decide: bool = Field(description="Whether it is yours to decide now.")
    digest: str = Field(description="Of the arguments; send it along to decide only what you have read.")
    expires_at: datetime | None
    created_at: datetime
    decisions: list[DecisionOut]


class DecisionIn(Asked):
    verdict: Verdict
    arguments: str | None = Field(None, max_length=100_000, description="JSON text that replaces the arguments whole.")
    comment: str = Field("", max_length=2000)
    digest: str | None = Field(None, max_length=64)


class SettlementIn(Asked):
    word: Settlement.Word
    comment: str = Field("", max_length=2000)


@router.get("/approvals", auth=MAY_READ, response={200: Page[ApprovalOut], REFUSALS: Problem})
def list_approvals(
    request: ApiRequest,
    status: ApprovalStatus | None = None,
    runId: Annotated[UUID | None, Query(description="Of that run and the tasks below it.")] = None,
    mine: bool = Query(False, description="Only those that are yours to decide now."),
    before: Cursor = None,
    limit: Limit = 20,
) -> Page[ApprovalOut]:
    """Those of your runs, and those you may decide."""
    rows = _visible(request)
    rows = rows.filter(pk__in=Approval.objects.decidable_by(request.user)) if mine else rows
    rows = rows.filter(status=status) if status else rows
    rows = rows.filter(Q(run=runId) | Q(run__root=runId)) if runId else rows
    found, following = page(rows, before=before, limit=limit)
    return Page[ApprovalOut](items=_shown(request, found), next=following)


@router.get("/approvals/{uuid:approval_id}", auth=MAY_READ, response={200: ApprovalOut, REFUSALS: Problem})
def read_approval(request: ApiRequest, approval_id: UUID) -> ApprovalOut:
    """One approval."""
    return _shown(request, [get_object_or_404(_visible(request), pk=approval_id)])[0]


@router.post(
    "/approvals/{uuid:approval_id}/decision", auth=MAY_DECIDE, response={200: ApprovalOut, OR_CONFLICT: Problem}
)
def decide_approval(request: ApiRequest, approval_id: UUID, asked: DecisionIn) -> ApprovalOut:
    """Say yes or no. The same again changes nothing; 409: it was decided otherwise, changed, or is over."""
    get_object_or_404(_visible(request), pk=approval_id)
    approvals.decide(
        approval_id=approval_id,
        by=request.user,
        verdict=asked.verdict,
        arguments=asked.arguments,
        comment=asked.comment,
        seen_digest=asked.digest,
    )
    return read_approval(request, approval_id)


@router.post(
    "/tool-calls/{uuid:call_id}/settlement", auth=MAY_DECIDE, response={200: ToolCallOut, OR_CONFLICT: Problem}
)
def settle_tool_call(request: ApiRequest, call_id: UUID, asked: SettlementIn) -> ToolCallOut:
    """Say what became of a call whose outcome is unknown. Only for operators."""
    if not request.user.is_staff:
        raise Forbidden("Only an operator can settle this.")
    get_object_or_404(ToolCall, pk=call_id)
    settlements.settle(call_id=call_id, by=request.user, word=asked.word, comment=asked.comment)
    return shown.tool_call(ToolCall.objects.select_related("artifact").get(pk=call_id))


def _visible(request: ApiRequest) -> "QuerySet[Approval]":
    return Approval.objects.visible_to(request.user).select_related("call", "run").prefetch_related("decisions__by")


def _shown(request: ApiRequest, rows: list[Approval]) -> list[ApprovalOut]:
    decidable = set(
        Approval.objects.decidable_by(request.user).filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)
    )
    agents = _agents_above({row.run for row in rows})
    return [
        ApprovalOut(
            id=row.id,
            run_id=row.run_id,
            root_run_id=row.run.root_id or row.run_id,
            path=[*agents[row.run_id], row.call.name],
            tool_call_id=row.call_id,
            tool=row.call.name,
            arguments=row.call.arguments,
            reason=row.reason,
            who=row.who,
            level=row.level + 1,
            needed=row.needed,
            status=ApprovalStatus(row.status),
            may_decide=row.pk in decidable,
            digest=row.arguments_digest,
            expires_at=row.expires_at,
            created_at=row.created_at,
            decisions=[
                DecisionOut(
                    by=str(one.by) if one.by else None,
                    verdict=Verdict(one.verdict),
                    comment=one.comment,
                    created_at=one.created_at,
                )
                for one in row.decisions.all()
            ],
        )
        for row in rows
    ]


def _agents_above(runs: set[Run]) -> dict[UUID, list[str]]:
    """By run: the agents from the one that was asked down to its own."""
    roots = {run.root_id or run.id for run in runs}
    teams = Run.objects.filter(Q(pk__in=roots) | Q(root__in=roots)).order_by("depth")
    agents: dict[UUID, list[str]] = {}
    for run_id, parent_id, slug in teams.values_list("pk", "parent_id", "agent_version__agent__slug"):
        agents[run_id] = [*agents.get(parent_id, ()), slug]
    return agents
