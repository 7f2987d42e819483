"""REST: scores, what people and programs say of a run. Its trace has the run's id."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Path, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from accounts.authentication import ApiRequest, needs
from accounts.models import Scope
from observability import recorder
from observability.models import Score, Trace

OF_PROGRAMS = "api"
REFUSALS = frozenset({401, 403, 404, 422, 503})
MAY_READ = needs(Scope.READ)
MAY_SCORE = needs(Scope.SCORE)
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$", description="What is judged.")]

router = Router(by_alias=True, tags=["Scores"])


class Problem(Schema):
    """Why something was not done, in words for a person."""

    error: str


class ScoreIn(Schema):
    model_config = ConfigDict(extra="forbid")

    value: float = Field(ge=-1e9, le=1e9, allow_inf_nan=False, examples=[0.8])
    comment: str = Field("", max_length=2000)


class ScoreOut(Schema):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    name: str
    value: float
    comment: str
    source: str = Field(description="`user`: a person's thumb or rating; `api`: given here.")
    is_mine: bool
    updated_at: datetime


@router.get("/runs/{uuid:run_id}/scores", auth=MAY_READ, response={200: list[ScoreOut], REFUSALS: Problem})
def list_scores(request: ApiRequest, run_id: UUID) -> list[ScoreOut]:
    """All scores of a run that you started, or may see the trace of."""
    rows = Score.objects.filter(trace=_trace(request, run_id)).order_by("name", "updated_at")
    return [_shown(request, row) for row in rows]


@router.put("/runs/{uuid:run_id}/scores/{name}", auth=MAY_SCORE, response={200: ScoreOut, REFUSALS | {400}: Problem})
def put_score(request: ApiRequest, run_id: UUID, name: Name, asked: ScoreIn) -> ScoreOut:
    """Your score of that name; a later one takes its place."""
    if name == recorder.FEEDBACK:
        raise HttpError(422, "A thumb is given at /runs/{id}/feedback.")
    trace, me = _trace(request, run_id), request.user.pk
    recorder.record_score(
        trace_id=trace.id, name=name, value=asked.value, comment=asked.comment, source=OF_PROGRAMS, author_id=me
    )
    return _shown(request, Score.objects.get(trace=trace, name=name, source=OF_PROGRAMS, author_id=me))


@router.delete("/runs/{uuid:run_id}/scores/{name}", auth=MAY_SCORE, response={204: None, REFUSALS: Problem})
def delete_score(request: ApiRequest, run_id: UUID, name: Name) -> Status[None]:
    """Take your score of that name back."""
    trace = _trace(request, run_id)
    recorder.remove_score(trace_id=trace.id, name=name, source=OF_PROGRAMS, author_id=request.user.pk)
    return Status(204, None)


def _trace(request: ApiRequest, run_id: UUID) -> Trace:
    may_see_all = request.user.is_staff and request.user.has_perm("observability.view_trace")
    rows = Trace.objects.all() if may_see_all else Trace.objects.filter(user_id=request.user.pk)
    return get_object_or_404(rows, pk=run_id)


def _shown(request: ApiRequest, row: Score) -> ScoreOut:
    return ScoreOut(
        name=row.name,
        value=row.value,
        comment=row.comment,
        source=row.source,
        is_mine=row.author_id == request.user.pk,
        updated_at=row.updated_at,
    )
