"""The pages on which a version is written, compared and made live."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from agents.admin import choices
from agents.admin.base import OwnPages, person
from agents.admin.version_sheet import LevelRow, PolicyRows, Sheet, TargetRow
from agents.comparison import differences
from agents.models import Agent, AgentVersion, VersionStanding
from agents.problems import Problem, problems_of, stopping
from agents.teams import HAND_OFF
from agents.versions import Misconfigured, draft_of, make_live, save_version, surroundings


def standing(request: HttpRequest, console: OwnPages, agent: Agent) -> dict[str, Any]:
    """What an agent's page says above its form."""
    versions = agent.versions.select_related("created_by", "agent").order_by("-number")
    return {
        "agent": agent,
        "versions": versions[:50],
        "newest": versions.first(),
        "may_change": console.has_change_permission(request),
    }


def edit(console: OwnPages, request: HttpRequest, agent_id: int) -> HttpResponse:
    """Write the next version, beginning with an older one: a draft, or live at once."""
    if not console.has_change_permission(request):
        raise PermissionDenied
    agent = get_object_or_404(Agent.objects.select_related("live__agent"), pk=agent_id)
    source = _source(agent, request.GET.get("from", ""))
    if request.method != "POST":
        return _sheet_page(console, request, agent, source, Sheet.of(source or draft_of(agent)))
    sheet = Sheet.read(request.POST)
    draft, problems = sheet.version(agent)
    unread = {problem.field for problem in problems}
    problems += [problem for problem in problems_of(draft, surroundings(draft)) if problem.field not in unread]
    if stopping(problems):
        return _sheet_page(console, request, agent, source, sheet, problems=problems, status=400)
    saved = _saved(console, request, draft, source)
    for problem in problems:
        messages.warning(request, problem.words)
    if saved is None:
        messages.info(request, "Nothing was changed, so there is no new version.")
    return HttpResponseRedirect(reverse("admin:agents_agent_change", args=[agent.pk]))


def compare(console: OwnPages, request: HttpRequest, agent_id: int) -> HttpResponse:
    """What differs between two versions: `?before=3&after=5`; without them the live one and the newest."""
    console.require_view(request)
    agent = get_object_or_404(Agent.objects.select_related("live__agent"), pk=agent_id)
    versions = list(agent.versions.select_related("agent").order_by("-number"))
    by_number = {str(version.number): version for version in versions}
    newest = versions[0] if versions else None
    before = by_number.get(request.GET.get("before", "")) or agent.live or newest
    after = by_number.get(request.GET.get("after", "")) or newest
    found = differences(before, after) if before and after else []
    return console.page(
        request, "compare.html", title=f"{agent.name}: two versions", agent=agent, versions=versions,
        before=before, after=after, differences=found,
    )  # fmt: skip


def go_live(console: OwnPages, request: HttpRequest, agent_id: int, number: int) -> HttpResponse:
    """Make a version the one that answers, after a look at what changes by it."""
    if not console.has_change_permission(request):
        raise PermissionDenied
    versions = AgentVersion.objects.select_related("agent__live__agent")
    version = get_object_or_404(versions, agent=agent_id, number=number)
    agent = version.agent
    problems = problems_of(version, surroundings(version))
    if request.method == "POST" and not stopping(problems):
        _publish(console, request, version)
        return HttpResponseRedirect(reverse("admin:agents_agent_change", args=[agent.pk]))
    found = differences(agent.live, version) if agent.live else []
    return console.page(
        request, "go_live.html", title=f"Make {agent.name} v{number} live", agent=agent, version=version,
        differences=found, problems=problems, is_refused=bool(stopping(problems)),
        is_back=version.standing == VersionStanding.RETIRED,
    )  # fmt: skip


@transaction.atomic
def _saved(
    console: OwnPages, request: HttpRequest, draft: AgentVersion, source: AgentVersion | None
) -> AgentVersion | None:
    """The version kept or, where nothing differs, the one it began with if it is to be live; None: nothing was done."""
    is_to_be_live = request.POST.get("then") == "live"
    if source is None or differences(source, draft):
        note = request.POST.get("note", "")
        version = save_version(draft, by=person(request), note=note)
        console.log_change(request, version.agent, f"Version {version.number} written. {version.note}".strip())
        if not is_to_be_live:
            messages.success(request, f"Version {version.number} is kept as a draft. Try it, then make it live.")
    elif is_to_be_live and source.standing != VersionStanding.LIVE:
        version = source
    else:
        return None
    if is_to_be_live:
        _publish(console, request, version)
    return version


def _publish(console: OwnPages, request: HttpRequest, version: AgentVersion) -> None:
    before = version.agent.live
    try:
        make_live(version)
    except Misconfigured as refused:
        messages.error(request, str(refused))
        return
    instead = f" instead of version {before.number}" if before and before.pk != version.pk else ""
    console.log_change(request, version.agent, f"Version {version.number} made live{instead}.")
    messages.success(
        request, f"Version {version.number} is live. Answers that have begun are finished by the version before."
    )


def _source(agent: Agent, number: str) -> AgentVersion | None:
    """The version that is asked for, else the live one, else the newest."""
    versions = agent.versions.select_related("agent").order_by("-number")
    asked = versions.filter(number=int(number)).first() if number.isdecimal() and len(number) < 9 else None
    return asked or agent.live or versions.first()


def _sheet_page(
    console: OwnPages,
    request: HttpRequest,
    agent: Agent,
    source: AgentVersion | None,
    sheet: Sheet,
    *,
    problems: list[Problem] | None = None,
    status: int = 200,
) -> HttpResponse:
    others = list(Agent.objects.exclude(pk=agent.pk).order_by("name"))
    known = {other.slug for other in others}
    return console.page(
        request,
        "edit.html",
        status=status,
        title=f"Edit {agent.name}" if source else f"The first version of {agent.name}",
        agent=agent,
        source=source,
        sheet=sheet,
        tools=choices.tools(sheet),
        children=choices.children(sheet, others),
        others=others,
        targets=sheet.targets or [TargetRow()],
        unknown_targets=[row.slug for row in sheet.targets if row.slug not in known],
        hand_off=sheet.policies.get(HAND_OFF, PolicyRows()),
        groups=choices.groups(sheet),
        blank_level=LevelRow(),
        blank_target=TargetRow(),
        problems=problems or [],
        wrong={problem.field for problem in problems or []},
        note=request.POST.get("note", ""),
    )
