"""MCP servers in the console: how each is reached, what it offers, and which of that agents may be given.

Only superusers change anything here: a server that is a command is a program on this machine.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from agents.admin.base import OwnPages, person
from agents.admin.mcp_form import ServerForm
from agents.comparison import Line, compared
from agents.mcp import catalogue
from agents.models import Effect, MCPServer, MCPTool, Standing
from agents.refusals import Conflict, Refused

EFFECTS = {
    Effect.READ: "Read: it changes nothing, and may be called again",
    Effect.IDEMPOTENT: "Idempotent: calling it twice is calling it once",
    Effect.UNSAFE: "Unsafe: it changes something, and is never called again without a person's word",
}
STANDINGS = {  # an icon, a tone and a word
    Standing.NEW: ("fiber_new", "warn", "New"),
    Standing.READY: ("check_circle", "good", "Usable"),
    Standing.OFF: ("do_not_disturb_on", "", "Not used"),
    Standing.CHANGED: ("warning", "bad", "Changed"),
    Standing.GONE: ("link_off", "bad", "Gone"),
}
HINTS = {
    "readOnlyHint": "only reads",
    "destructiveHint": "may destroy",
    "idempotentHint": "may be repeated",
    "openWorldHint": "talks to others",
}


@dataclass(frozen=True)
class ToolRow:
    """A tool on its server's page."""

    tool: MCPTool

    @property
    def face(self) -> tuple[str, str, str]:
        return STANDINGS[self.tool.standing]

    @property
    def schema(self) -> str:
        return _pretty(self.tool.input_schema)

    @property
    def hints(self) -> list[str]:
        return [words for name, words in HINTS.items() if self.tool.annotations.get(name) is True]

    @property
    def is_offered(self) -> bool:
        return self.tool.standing != Standing.GONE

    @cached_property
    def changes(self) -> list[Line]:
        """What differs from what was accepted; empty where nothing does."""
        if self.tool.standing != Standing.CHANGED:
            return []
        return compared(_lines(self.tool.accepted or {}), _lines(catalogue.definition_of(self.tool)))


@admin.register(MCPServer)
class MCPServerAdmin(OwnPages):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, page: Any, name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(page), name=f"agents_mcpserver_{name}")

        own = [
            at("<int:server_id>/tools/", self.tools_view, "tools"),
            at("<int:server_id>/fetch/", self.fetch_view, "fetch"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_view(request)
        usable = Q(tools__in=MCPTool.objects.usable())
        servers = MCPServer.objects.annotate(offered=Count("tools"), usable=Count("tools", filter=usable))
        waiting = _waiting()
        return self.page(
            request,
            "mcp.html",
            title="MCP servers",
            servers=[(server, waiting.get(server.pk, 0)) for server in servers],
            may_change=self.has_add_permission(request),
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._form(request, MCPServer())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise PermissionDenied
        return self._form(request, get_object_or_404(MCPServer, pk=object_id))

    def tools_view(self, request: HttpRequest, server_id: int) -> HttpResponse:
        """What it offers, and what operators say of it."""
        self.require_view(request)
        server = get_object_or_404(MCPServer, pk=server_id)
        if request.method == "POST":
            return self._choose(request, server)
        return self._tools(request, server)

    def fetch_view(self, request: HttpRequest, server_id: int) -> HttpResponse:
        """Connect to it and ask what it offers."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        server = get_object_or_404(MCPServer, pk=server_id)
        if request.method == "POST":
            try:
                listing = catalogue.fetch(server)
            except Refused as refused:
                messages.error(request, str(refused))
            else:
                for one in listing.definitions:
                    if one.problem:
                        messages.warning(request, f"{one.name} cannot be used. {one.problem}")
                messages.success(request, f"{server.name} offers {len(listing.definitions)} tools.")
        return _to_tools(server)

    def _form(self, request: HttpRequest, server: MCPServer) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        is_new = server.pk is None
        form = ServerForm(request.POST or None, instance=server)
        if request.method == "POST" and form.is_valid():
            saved = form.save()
            said = "Added." if is_new else f"Changed: {', '.join(form.changed_data) or 'nothing'}."
            self.log_change(request, saved, said)  # names of fields, never what is in them
            return _to_tools(saved)
        return self.page(
            request,
            "mcp_server.html",
            status=400 if form.is_bound else 200,
            title="Add an MCP server" if is_new else f"How {server.name} is reached",
            form=form,
            server=None if is_new else server,
        )

    def _choose(self, request: HttpRequest, server: MCPServer) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        gone = server.tools.filter(is_missing=True)
        said = [catalogue.forget(tool) for tool in gone if f"drop-{tool.pk}" in request.POST]
        refusals, status = [], 200
        for tool in server.tools.filter(is_missing=False):
            if f"seen-{tool.pk}" not in request.POST:
                continue  # it was not on the page
            try:
                said.append(catalogue.choose(_choice(request, tool), by=person(request)))
            except Refused as refused:
                refusals.append(str(refused))
                status = 409 if isinstance(refused, Conflict) else 400
        changed = [words for words in said if words]
        if changed:
            self.log_change(request, server, "; ".join(changed)[:1000])
        if refusals:
            return self._tools(request, server, refusals=refusals, status=status)
        messages.success(request, f"Saved: {len(changed)} changed." if changed else "Nothing was changed.")
        return _to_tools(server)

    def _tools(
        self, request: HttpRequest, server: MCPServer, *, refusals: list[str] | None = None, status: int = 200
    ) -> HttpResponse:
        return self.page(
            request,
            "mcp_tools.html",
            status=status,
            title=f"MCP server {server.name}",
            server=server,
            rows=[ToolRow(tool) for tool in server.tools.select_related("accepted_by")],
            effects=EFFECTS.items(),
            may_change=self.has_change_permission(request),
            refusals=refusals or [],
        )


def _waiting() -> dict[int, int]:
    """How many tools of each server wait for a word: they are new, were changed, or are gone."""
    found: dict[int, int] = {}
    for tool in MCPTool.objects.all():
        if tool.standing == Standing.CHANGED or (tool.standing == Standing.GONE and tool.is_usable):
            found[tool.server_id] = found.get(tool.server_id, 0) + 1
    return found


def _choice(request: HttpRequest, tool: MCPTool) -> catalogue.Choice:
    """What was said of one tool. Raises Refused."""
    given = request.POST
    try:
        effect, timeout = Effect(given.get(f"effect-{tool.pk}", "")), float(given.get(f"timeout-{tool.pk}", ""))
    except ValueError:
        raise Refused(f"{tool.name}: choose an effect, and a number of seconds.") from None
    return catalogue.Choice(
        tool_id=tool.pk,
        seen=given[f"seen-{tool.pk}"],
        is_usable=f"use-{tool.pk}" in given,
        is_accepted=f"accept-{tool.pk}" in given,
        effect=effect,
        timeout=timeout,
    )


def _lines(definition: dict[str, Any]) -> list[str]:
    schema, annotations = definition.get("input_schema", {}), definition.get("annotations", {})
    return [*str(definition.get("description", "")).splitlines(), *_pretty(schema).splitlines(), _pretty(annotations)]


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _to_tools(server: MCPServer) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:agents_mcpserver_tools", args=[server.pk]))
