"""The numbers in the console's menu: what waits for a person."""

from collections.abc import Callable

from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from agents.admin.settlements import unknown_outcomes
from agents.models import Approval
from memory.models import Procedure, ProcedureStatus

MOST_COUNTED = 99


def numbers(request: HttpRequest) -> JsonResponse:
    """All of them that this person may see, by the address of their list: an open page asks again and again."""
    counted: dict[tuple[str, str], Callable[[HttpRequest], str]] = {
        ("agents", "approval"): approvals,
        ("agents", "settlement"): outcomes,
        ("memory", "procedure"): procedures,
    }
    return JsonResponse(
        {
            reverse(f"admin:{app}_{model}_changelist"): count(request)
            for (app, model), count in counted.items()
            if request.user.has_perm(f"{app}.view_{model}")
        }
    )


def approvals(request: HttpRequest) -> str:
    """How many approvals this person may decide now; empty for none."""
    return _badge(Approval.objects.decidable_by(request.user).values("pk")[: MOST_COUNTED + 1].count())


def outcomes(request: HttpRequest) -> str:
    """How many calls wait for a word on what became of them; empty for none."""
    return _badge(unknown_outcomes().values("pk")[: MOST_COUNTED + 1].count())


def procedures(request: HttpRequest) -> str:
    """How many procedures wait for somebody to look at them; empty for none."""
    waiting = Procedure.objects.newest().filter(status__in=(ProcedureStatus.PROPOSED, ProcedureStatus.SUSPENDED))
    return _badge(waiting.values("pk")[: MOST_COUNTED + 1].count())


def _badge(number: int) -> str:
    return f"{MOST_COUNTED}+" if number > MOST_COUNTED else str(number or "")
