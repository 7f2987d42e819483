"""Agents out of the console as YAML, and into it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from agents.admin.base import OwnPages, person
from agents.exchange import LARGEST_FILE, import_agents, written
from agents.models import AgentVersion
from agents.refusals import Refused


def download(console: OwnPages, request: HttpRequest, agent_id: int, number: int) -> HttpResponse:
    """One version with its agent, as a file."""
    console.require_view(request)
    version = get_object_or_404(AgentVersion.objects.select_related("agent"), agent=agent_id, number=number)
    name = f"{version.agent.slug}-v{number}.yaml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(written([version]), content_type="application/yaml; charset=utf-8", headers=headers)


def upload(console: OwnPages, request: HttpRequest) -> HttpResponse:
    """Take agents from a file or from what was pasted: as drafts."""
    if not (console.has_add_permission(request) and console.has_change_permission(request)):
        raise PermissionDenied
    if request.method != "POST":
        return console.page(request, "import.html", title="Import agents")
    text = request.POST.get("text", "")
    try:
        imported = import_agents(_sent(request) or text, by=person(request))
    except Refused as refused:
        return console.page(
            request, "import.html", status=400, title="Import agents", refusal=str(refused), text=text
        )  # fmt: skip
    for one in imported:
        if one.version is None:
            messages.info(request, f"{one.agent.name}: nothing differs from its newest version.")
        else:
            console.log_change(request, one.agent, f"Version {one.version.number} imported.")
            messages.success(request, f"{one.agent.name}: version {one.version.number} is kept as a draft.")
        for words in one.warnings:
            messages.warning(request, f"{one.agent.name}: {words}")
    if len(imported) == 1:
        return HttpResponseRedirect(reverse("admin:agents_agent_change", args=[imported[0].agent.pk]))
    return HttpResponseRedirect(reverse("admin:agents_agent_changelist"))


def _sent(request: HttpRequest) -> str:
    """The text of the file, if one was sent. Raises Refused."""
    file = request.FILES.get("file")
    if file is None:
        return ""
    if (file.size or 0) > LARGEST_FILE * 4:
        raise Refused("This file is too large.")
    try:
        return str(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Refused("This file is not text (UTF-8).") from None
