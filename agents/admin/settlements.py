"""Unknown outcomes in the console: calls that were cut off, and the page on which a person says what became of one."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from agents.admin.arguments import pretty, summary, table_of
from agents.admin.base import ReadOnlyAdmin, person
from agents.admin.paging import Paged
from agents.models import UNFINISHED, CallStatus, Settlement, ToolCall
from agents.outcomes import question_of
from agents.refusals import Conflict, Forbidden, Refused
from agents.settlements import settle

CONSEQUENCES = {
    Settlement.Word.DONE: "The agent is told that it took effect and goes on from there. Nothing runs again.",
    Settlement.Word.RETRY: "It runs once more, with the same arguments and the same idempotency key.",
    Settlement.Word.GIVE_UP: "The agent is told that nobody knows, and that it must not call it again.",
}
TOLD = {
    Settlement.Word.DONE: "Settled: {tool} took effect. The run goes on.",
    Settlement.Word.RETRY: "Settled: {tool} did not take effect and runs again.",
    Settlement.Word.GIVE_UP: "Settled: {tool} is left as it is. The run goes on.",
}


def unknown_outcomes() -> QuerySet[ToolCall]:
    """The calls whose runs wait for a person's word. Those of an ended run wait for nobody."""
    return ToolCall.objects.filter(status=CallStatus.OUTCOME_UNKNOWN, run__status__in=UNFINISHED)


@admin.register(Settlement)
class SettlementAdmin(ReadOnlyAdmin):
    def get_urls(self) -> list[URLPattern]:
        page = path(
            "call/<uuid:call_id>/", self.admin_site.admin_view(self.settle_view), name="agents_settlement_settle"
        )
        return [page, *super().get_urls()]

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("agents.add_settlement")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_view(request)
        is_closed = request.GET.get("show") == "settled"
        rows: QuerySet[Any] = ToolCall.objects.filter(settlements__isnull=False) if is_closed else unknown_outcomes()
        named = rows.select_related("run__user", "run__agent_version__agent").prefetch_related("settlements__by")
        paged = Paged.read(named.distinct(), request.GET)
        for call in paged.rows:
            call.summary = summary(call.arguments)
        return self.page(
            request, "outcomes.html", title="Unknown outcomes", paged=paged, is_closed=is_closed, is_fullwidth="1"
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.require_view(request)
        if not object_id.isdecimal():
            raise PermissionDenied
        settlement = get_object_or_404(Settlement, pk=object_id)
        return HttpResponseRedirect(reverse("admin:agents_settlement_settle", args=[settlement.call_id]))

    def settle_view(self, request: HttpRequest, call_id: UUID) -> HttpResponse:
        """One call: what it was to do, and what is known of it."""
        self.require_view(request)
        get_object_or_404(ToolCall, pk=call_id)
        if request.method == "POST":
            return self._settle(request, call_id)
        return self._show(request, call_id)

    def _settle(self, request: HttpRequest, call_id: UUID) -> HttpResponse:
        if not self.has_settle_permission(request):
            raise PermissionDenied
        comment = request.POST.get("comment", "")
        try:
            word = Settlement.Word(request.POST.get("word", ""))
            call = settle(call_id=call_id, by=person(request), word=word, comment=comment)
        except ValueError:
            return self._show(request, call_id, refusal="Choose what became of it.", status=400)
        except Refused as refused:
            status = 403 if isinstance(refused, Forbidden) else 409 if isinstance(refused, Conflict) else 400
            return self._show(request, call_id, refusal=str(refused), status=status)
        self.log_change(request, call, f"{word.label}: {comment.strip()[:200]}")
        messages.success(request, TOLD[word].format(tool=call.name))
        return HttpResponseRedirect(reverse("admin:agents_settlement_changelist"))

    def _show(self, request: HttpRequest, call_id: UUID, *, refusal: str = "", status: int = 200) -> HttpResponse:
        call = ToolCall.objects.select_related("run__user", "run__agent_version__agent").get(pk=call_id)
        is_open = call.status == CallStatus.OUTCOME_UNKNOWN and not call.run.is_finished
        return self.page(
            request,
            "outcome.html",
            status=status,
            title=f"What became of {call.name}?",
            call=call,
            question=question_of(call.run),
            arguments=table_of(call.arguments),
            raw=pretty(call.arguments),
            settlements=call.settlements.select_related("by").order_by("pk"),
            choices=[(word, CONSEQUENCES[word]) for word in Settlement.Word],
            is_open=is_open,
            may_settle=is_open and self.has_settle_permission(request),
            refusal=refusal,
            typed=request.POST,
        )
