"""Procedures in the console: what was proposed, what is in use and how that goes; people say what becomes of each."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from agents import doorbell
from agents.admin.base import ReadOnlyAdmin, person, uuid_or_404
from agents.admin.paging import Paged
from agents.admin.procedure_sheet import ProcedureSheet, evidence_of, how_it_went
from agents.models import Agent, Reflection
from memory.models import Procedure, ProcedureScope, ProcedureStatus
from memory.proposals import MOVES, ProcedureRefused, decide, revise, write

LISTS = {
    "proposed": ("Proposed", (ProcedureStatus.PROPOSED, ProcedureStatus.SUSPENDED)),
    "used": ("In use", (ProcedureStatus.ACTIVE,)),
    "ended": ("Ended", (ProcedureStatus.RETIRED, ProcedureStatus.REJECTED)),
}
DEEDS = {
    "accept": (ProcedureStatus.ACTIVE, "Accepted"),
    "reject": (ProcedureStatus.REJECTED, "Rejected"),
    "retire": (ProcedureStatus.RETIRED, "Retired"),
}
LOOKS_SHOWN = 5


@admin.register(Procedure)
class ProcedureAdmin(ReadOnlyAdmin):
    def get_urls(self) -> list[URLPattern]:
        own = [
            path("reflect/", self.admin_site.admin_view(self.reflect_view), name="memory_procedure_reflect"),
            path("write/", self.admin_site.admin_view(self.write_view), name="memory_procedure_write"),
        ]
        return [*own, *super().get_urls()]

    def may_decide(self, request: HttpRequest) -> bool:
        return request.user.has_perm("memory.change_procedure")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_view(request)
        show = request.GET.get("show", "")
        show = show if show in LISTS else "proposed"
        rows = Procedure.objects.newest().filter(status__in=LISTS[show][1]).select_related("user", "decided_by")
        paged, agents = Paged.read(rows, request.GET), _agents()
        for procedure in paged.rows:
            procedure.whom = _whom(procedure, agents)
        looks = Reflection.objects.select_related("agent", "by").order_by("-id")[:LOOKS_SHOWN]
        return self.page(
            request, "procedures.html", is_fullwidth="1", title="Procedures", paged=paged, show=show, looks=looks,
            lists=[(name, words) for name, (words, _) in LISTS.items()], may_decide=self.may_decide(request),
            agents=[agent for agent in agents.values() if agent.is_enabled and agent.live_id],
            is_off=settings.REFLECTION == "off",
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.require_view(request)
        related = Procedure.objects.select_related("user", "decided_by", "parent")
        procedure = get_object_or_404(related, pk=uuid_or_404(object_id))
        if request.method != "POST":
            return self._show(request, procedure, ProcedureSheet.of(procedure))
        if not self.may_decide(request):
            raise PermissionDenied
        sheet = ProcedureSheet.read(request.POST)
        try:
            done = self._do(request, procedure, sheet)
        except ProcedureRefused as refused:
            return self._show(request, procedure, sheet, refusal=str(refused), status=409)
        return HttpResponseRedirect(reverse("admin:memory_procedure_change", args=[done.pk]))

    def reflect_view(self, request: HttpRequest) -> HttpResponse:
        """Have a worker look at an agent's answers now."""
        if request.method != "POST" or not self.may_decide(request):
            raise PermissionDenied
        given = request.POST.get("agent", "")
        agents = Agent.objects.filter(is_enabled=True, live__isnull=False)
        agent = get_object_or_404(agents, pk=int(given) if given.isdecimal() and len(given) < 10 else 0)
        doorbell.reflect_on(agent.pk, person(request).pk)
        messages.success(request, f"A worker looks at the answers of {agent.name} now. What it finds stands here soon.")
        return HttpResponseRedirect(reverse("admin:memory_procedure_changelist"))

    def write_view(self, request: HttpRequest) -> HttpResponse:
        """One that somebody of the staff knows already."""
        if not self.may_decide(request):
            raise PermissionDenied
        sheet, agents, refusal = ProcedureSheet.read(request.POST), _agents(), ""
        if request.method == "POST":
            given = request.POST.get("agent", "")
            chosen = agents.get(int(given)) if given.isdecimal() and len(given) < 10 else None
            try:
                if given and chosen is None:
                    raise ProcedureRefused("There is no such agent.")
                made = write(
                    by=person(request), agent_id=chosen.pk if chosen else None, trigger=sheet.trigger, body=sheet.body,
                    steps=sheet.steps,
                )  # fmt: skip
            except ProcedureRefused as error:
                refusal = str(error)
            else:
                self.log_change(request, made, "Written by hand")
                return HttpResponseRedirect(reverse("admin:memory_procedure_change", args=[made.pk]))
        shown = {"sheet": sheet, "agents": agents.values(), "refusal": refusal, "chosen": request.POST.get("agent", "")}
        title = "Write a procedure"
        return self.page(request, "procedure_write.html", status=409 if refusal else 200, title=title, **shown)

    def _do(self, request: HttpRequest, procedure: Procedure, sheet: ProcedureSheet) -> Procedure:
        """What was asked for, written into the audit log. Raises ProcedureRefused."""
        deed = request.POST.get("deed", "")
        if deed == "revise":
            made = revise(
                procedure, by=person(request), trigger=sheet.trigger, body=sheet.body, steps=sheet.steps,
                scope=sheet.scope,
            )  # fmt: skip
            self.log_change(request, made, f"Edited and taken into use as version {made.version}")
            messages.success(request, f"Version {made.version} is in use. Its score begins anew.")
            return made
        if deed not in DEEDS:
            raise ProcedureRefused("Choose what is to become of it.")
        status, word = DEEDS[deed]
        done = decide(procedure, status, by=person(request), reason=sheet.reason)
        self.log_change(request, done, f"{word}. {done.reason}".strip())
        messages.success(request, f"{word}.")
        return done

    def _show(
        self, request: HttpRequest, procedure: Procedure, sheet: ProcedureSheet, *, refusal: str = "", status: int = 200
    ) -> HttpResponse:
        following = Procedure.objects.filter(parent=procedure).first()
        moves = MOVES[ProcedureStatus(procedure.status)] if following is None else frozenset()
        agents = _agents()
        return self.page(
            request, "procedure.html", status=status, title=str(procedure), procedure=procedure, sheet=sheet,
            refusal=refusal, following=following, whom=_whom(procedure, agents),
            evidence=evidence_of(procedure), days=how_it_went(procedure),
            may_decide=self.may_decide(request) and following is None,
            may_accept=ProcedureStatus.ACTIVE in moves, may_reject=ProcedureStatus.REJECTED in moves,
            may_retire=ProcedureStatus.RETIRED in moves, scopes=_scopes(procedure),
        )  # fmt: skip


def _agents() -> dict[int, Agent]:
    return {agent.pk: agent for agent in Agent.objects.order_by("name")}


def _whom(procedure: Procedure, agents: dict[int, Agent]) -> str:
    """`Assistant, for alice@example.org`, `Assistant`, `Every agent`."""
    if procedure.agent_id is None:
        return "Every agent"
    agent = agents.get(procedure.agent_id)
    name = agent.name if agent else "An agent that is gone"
    return f"{name}, for {procedure.user} alone" if procedure.user else name


def _scopes(procedure: Procedure) -> list[tuple[str, str]]:
    """For whom it may be: for those it was learned from, or for more."""
    order = [ProcedureScope.USER, ProcedureScope.AGENT, ProcedureScope.EVERYBODY]
    wider = order[order.index(ProcedureScope(procedure.scope)) :]
    return [(scope.value, str(scope.label).capitalize()) for scope in wider]
