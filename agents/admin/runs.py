"""Runs in the console: where one stands, what it has used of what it may, and sending one back to work."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

from agents.actions import resume_run
from agents.admin.arguments import summary
from agents.admin.base import ReadOnlyAdmin, dollars, person, uuid_or_404
from agents.models import ApprovalStatus, CallStatus, Run, RunStatus, StopReason, WaitKind
from agents.outcomes import question_of
from agents.refusals import Refused

WAITS_FOR = {
    WaitKind.APPROVAL: "an approval",
    WaitKind.INPUT: "a word on an unknown outcome",
    WaitKind.CHILD: "another run",
    WaitKind.TIMER: "a set time",
}


@dataclass(frozen=True)
class Limit:
    """What a run has used of something, and what it may use. `allowed` is empty where nothing limits it."""

    name: str
    used: str
    allowed: str
    share: float


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agent_version", "user", "standing", "ending", "recoveries", "trace")
    list_select_related = ("agent_version__agent", "user")
    list_filter = ("status", "wait_kind", "stop_reason", "agent_version__agent")
    ordering = ("-id",)
    actions: ClassVar = ["send_back_to_work"]

    def get_urls(self) -> list[URLPattern]:
        resume = path("<uuid:run_id>/resume/", self.admin_site.admin_view(self.resume_view), name="agents_run_resume")
        return [resume, *super().get_urls()]

    def has_resume_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("agents.change_run")

    @admin.display(description="Status", ordering="status")
    def standing(self, run: Run) -> str:
        return standing_of(run)

    @admin.display(description="Why it ended", ordering="stop_reason")
    def ending(self, run: Run) -> str:
        return ending_of(run)

    @admin.display(description="Trace")
    def trace(self, run: Run) -> SafeString:
        trace = reverse("admin:observability_trace_change", args=[run.id])
        return format_html('<a class="door" href="{}">Trace</a>', trace)

    @action(description="Send back to work", permissions=["resume"])
    def send_back_to_work(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        done = sum(self._resume(request, run) for run in runs)
        if done:
            messages.success(request, f"{done} {'run is' if done == 1 else 'runs are'} back in the queue.")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Where the run stands, its limits, and its tool calls."""
        self.require_view(request)
        runs = Run.objects.select_related("agent_version__agent", "user", "replaces", "replacement")
        run = get_object_or_404(runs, pk=uuid_or_404(object_id))
        calls: list[Any] = list(run.tool_calls.order_by("message__position", "position").defer("result"))
        for call in calls:
            call.summary = summary(call.arguments)
        is_parked = run.status == RunStatus.DEAD and not hasattr(run, "replacement")
        return self.page(
            request,
            "run.html",
            title="Run",
            run=run,
            question=question_of(run),
            standing=standing_of(run),
            ending=ending_of(run),
            limits=limits_of(run, len(calls)),
            calls=calls,
            asked=run.approvals.filter(status=ApprovalStatus.PENDING).select_related("call"),
            unknown=[call for call in calls if call.status == CallStatus.OUTCOME_UNKNOWN and not run.is_finished],
            may_resume=is_parked and self.has_resume_permission(request),
        )

    def resume_view(self, request: HttpRequest, run_id: UUID) -> HttpResponse:
        """Send one run back to work; by POST, so that no link and no other site can."""
        if request.method != "POST" or not self.has_resume_permission(request):
            raise PermissionDenied
        if self._resume(request, get_object_or_404(Run, pk=run_id)):
            messages.success(request, "The run is back in the queue, where it stood.")
        return HttpResponseRedirect(reverse("admin:agents_run_change", args=[run_id]))

    def _resume(self, request: HttpRequest, run: Run) -> bool:
        try:
            resume_run(run=run, by=person(request))
        except Refused as refused:
            messages.error(request, f"{question_of(run)[:60] or run}: {refused}")
            return False
        self.log_change(request, run, "Sent back to work.")
        return True


def standing_of(run: Run) -> str:
    """Its status in words, with what it waits for."""
    if run.status == RunStatus.WAITING and run.wait_kind:
        return f"Waiting for {WAITS_FOR[WaitKind(run.wait_kind)]}"
    return "Set aside" if run.status == RunStatus.DEAD else RunStatus(run.status).label


def ending_of(run: Run) -> str:
    """Why it ended, in words; nothing for an answer, which speaks for itself."""
    if run.stop_reason in ("", StopReason.FINAL):
        return ""
    return StopReason(run.stop_reason).label.capitalize().replace("Llm", "LLM")


def limits_of(run: Run, calls: int) -> list[Limit]:
    """What it has used of each limit its agent's version sets."""
    version, tokens = run.agent_version, run.input_tokens + run.output_tokens
    return [
        _limit("Turns", run.turn, version.max_turns),
        _limit("Tool calls", calls, version.max_tool_calls),
        _limit("Tokens", tokens, version.max_tokens),
        _money(run.cost, version.max_cost),
        _limit("Active time", round(run.active_ms / 1000), version.max_active_seconds, " s"),
    ]


def _limit(name: str, used: int, allowed: int | None, unit: str = "") -> Limit:
    if allowed is None:
        return Limit(name, f"{used:,}{unit}", "", 0)
    return Limit(name, f"{used:,}{unit}", f"{allowed:,}{unit}", min(used / allowed, 1) if allowed else 1)


def _money(used: Decimal | None, allowed: Decimal | None) -> Limit:
    words = "unknown" if used is None else dollars(used)
    if allowed is None:
        return Limit("Cost", words, "", 0)
    return Limit("Cost", words, dollars(allowed), min(float((used or 0) / allowed), 1) if allowed else 1)
