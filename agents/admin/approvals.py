"""Approvals in the console: what waits for a person, what people said, and the page on which they say it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from agents.admin import badges
from agents.admin.arguments import pretty, summary, table_of
from agents.admin.base import ReadOnlyAdmin, person, uuid_or_404
from agents.admin.paging import Paged
from agents.approvals import decide
from agents.models import OPEN_APPROVALS, Approval, ApprovalStatus, Verdict
from agents.outcomes import question_of
from agents.refusals import Conflict, Forbidden, Refused
from agents.stakes import consequences, resource_of, said_before
from agents.tools.arguments import digest

TOLD = {
    Verdict.APPROVE: "Approved. {tool} runs as soon as nothing else is waited for.",
    Verdict.DENY: "Denied. {tool} does not run, and the agent is told so.",
}


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    def get_urls(self) -> list[URLPattern]:
        counting = path("numbers/", self.admin_site.admin_view(badges.numbers), name="agents_approval_numbers")
        return [counting, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_view(request)
        visible = _with_names(Approval.objects.visible_to(request.user))
        is_closed = request.GET.get("show") == "decided"
        rows = (
            visible.exclude(status__in=OPEN_APPROVALS) if is_closed else visible.filter(status=ApprovalStatus.PENDING)
        )
        asked_for = {name: request.GET[name] for name in request.GET if name != "part"}
        paged = Paged.read(rows, asked_for)
        shown = [approval.pk for approval in paged.rows]
        mine = set(Approval.objects.decidable_by(request.user).filter(pk__in=shown).values_list("pk", flat=True))
        for approval in paged.rows:
            approval.summary, approval.is_mine = summary(approval.call.arguments), approval.pk in mine
        template = "_approvals.html" if "part" in request.GET else "approvals.html"
        live = f"?{urlencode(asked_for | {'part': 'list'})}"
        return self.page(
            request, template, title="Approvals", paged=paged, is_closed=is_closed, live=live, is_fullwidth="1"
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.require_view(request)
        approval_id = uuid_or_404(object_id)
        get_object_or_404(Approval.objects.visible_to(request.user), pk=approval_id)
        if request.method == "POST":
            return self._decide(request, approval_id)
        return self._show(request, approval_id)

    def _decide(self, request: HttpRequest, approval_id: UUID) -> HttpResponse:
        """Say yes or no. What was typed is not lost when that cannot be."""
        try:
            verdict = Verdict(request.POST.get("verdict", ""))
            approval = decide(
                approval_id=approval_id,
                by=person(request),
                verdict=verdict,
                arguments=_edited(request) if verdict == Verdict.APPROVE else None,
                comment=request.POST.get("comment", ""),
                seen_digest=request.POST.get("seen", ""),
            )
        except ValueError:
            return self._show(request, approval_id, refusal="Choose to approve or to deny.", status=400)
        except Refused as refused:
            return self._show(request, approval_id, refusal=str(refused), status=_status_of(refused))
        self.log_change(request, approval, f"{verdict.label}: {request.POST.get('comment', '').strip()[:200]}")
        messages.success(request, TOLD[verdict].format(tool=approval.call.name))
        return HttpResponseRedirect(reverse("admin:agents_approval_changelist"))

    def _show(self, request: HttpRequest, approval_id: UUID, *, refusal: str = "", status: int = 200) -> HttpResponse:
        approval = _with_names(Approval.objects.all()).get(pk=approval_id)
        call = approval.call
        return self.page(
            request,
            "approval.html",
            status=status,
            title=f"Approval of {call.name}",
            approval=approval,
            call=call,
            question=question_of(approval.run),
            arguments=table_of(call.arguments),
            raw=pretty(call.arguments),
            original=pretty(call.raw_arguments) if call.edited_arguments else "",
            resource=resource_of(call),
            said=said_before(call),
            consequences=consequences(approval) if approval.status == ApprovalStatus.PENDING else "",
            chain=call.approvals.prefetch_related("decisions__by").order_by("level"),
            may_decide=_may_decide(approval, request),
            refusal=refusal,
            typed=request.POST,
        )


def _with_names(approvals: QuerySet[Approval]) -> QuerySet[Approval]:
    related = approvals.select_related("call", "run__user", "run__agent_version__agent")
    return related.prefetch_related("decisions__by")


def _may_decide(approval: Approval, request: HttpRequest) -> bool:
    is_mine = Approval.objects.decidable_by(request.user).filter(pk=approval.pk).exists()
    return is_mine and not approval.run.is_finished


def _edited(request: HttpRequest) -> str | None:
    """Other arguments, if they were really changed."""
    typed = request.POST.get("arguments", "").strip()
    if not typed or digest(typed) == request.POST.get("seen"):
        return None
    return typed


def _status_of(refused: Refused) -> int:
    if isinstance(refused, Forbidden):
        return 403
    return 409 if isinstance(refused, Conflict) else 400
