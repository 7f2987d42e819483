"""Agents and their versions in the console."""

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from pydantic import ValidationError
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget

from agents.admin.base import ReadOnlyAdmin, dollars
from agents.models import Agent, AgentVersion
from agents.policies import Level, policies_of

MOST_SUGGESTIONS = 4


class AgentForm(forms.ModelForm):
    suggestions = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": MOST_SUGGESTIONS}),
        help_text=f"Up to {MOST_SUGGESTIONS} questions offered on an empty page, one a line.",
    )

    class Meta:
        model = Agent
        fields = ("name", "description", "suggestions", "is_enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["suggestions"] = "\n".join(self.instance.suggestions or [])

    def clean_suggestions(self) -> list[str]:
        lines = [line for given in self.cleaned_data["suggestions"].splitlines() if (line := given.strip())]
        if len(lines) > MOST_SUGGESTIONS:
            raise forms.ValidationError(f"At most {MOST_SUGGESTIONS} fit on the page; these are {len(lines)}.")
        return lines


class VersionColumns:
    """What a version says of itself, in words."""

    @admin.display(description="LLM")
    def llm(self, version: AgentVersion) -> str:
        return version.llm_name or "that of the connection"

    @admin.display(description="Tools")
    def tool_names(self, version: AgentVersion) -> str:
        return ", ".join(version.tools) or "none"


class VersionsInline(VersionColumns, TabularInline):
    model = AgentVersion
    fields = ("number", "llm", "tool_names", "max_turns", "created_by", "created_at")
    readonly_fields = fields
    ordering = ("-number",)
    extra = 0
    show_change_link = True
    verbose_name_plural = "versions"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Agent)
class AgentAdmin(ModelAdmin):
    form = AgentForm
    inlines: ClassVar = [VersionsInline]
    list_display = ("name", "slug", "description", "live", "is_enabled", "traces")
    list_select_related = ("live__agent",)
    search_fields = ("name", "slug", "description")
    fields = ("name", "slug", "description", "suggestions", "is_enabled", "live")
    readonly_fields = ("slug", "live")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # its threads and runs stand on it; switching it off is what people mean

    @admin.display(description="Traces")
    def traces(self, agent: Agent) -> SafeString:
        traces = reverse("admin:observability_trace_changelist")
        return format_html('<a class="door" href="{}?agent={}">Traces</a>', traces, agent.slug)


@admin.register(AgentVersion)
class AgentVersionAdmin(VersionColumns, ReadOnlyAdmin):
    list_display = ("__str__", "llm", "tool_names", "created_by", "created_at")
    list_select_related = ("agent", "created_by")
    list_filter = ("agent",)
    ordering = ("-id",)
    fields = (
        "agent", "number", "instructions_text", "llm", "fallback_llm_names", "parameters", "tool_names",
        "approval_policies", "limits", "answer_form", "created_by", "created_at",
    )  # fmt: skip

    @admin.display(description="Instructions")
    def instructions_text(self, version: AgentVersion) -> SafeString:
        return format_html('<div class="as-written">{}</div>', version.instructions)

    @admin.display(description="Asks people")
    def approval_policies(self, version: AgentVersion) -> SafeString | str:
        """Tool by tool: who is asked before it runs, in which order, and what happens if nobody says anything."""
        try:
            policies = policies_of(version.approvals)
        except ValidationError:
            return "Its policies cannot be read, so none of these tools can be used."
        asking = [(tool, policy) for tool, policy in policies.items() if policy.asks()]
        if not asking:
            return "Never: every tool runs at once."
        return _lines((tool, ", then ".join(map(_asked, policy.levels))) for tool, policy in asking)

    @admin.display(description="Limits of a run")
    def limits(self, version: AgentVersion) -> SafeString:
        money = "no limit" if version.max_cost is None else dollars(version.max_cost)
        tokens = "no limit" if version.max_tokens is None else f"{version.max_tokens:,} in and out"
        return _lines(
            [
                ("Turns", f"{version.max_turns:,}"),
                ("Tool calls", f"{version.max_tool_calls:,}"),
                ("Tokens", tokens),
                ("Cost", money),
                ("Active time", f"{version.max_active_seconds:,} s; waiting for people does not count"),
            ]
        )

    @admin.display(description="Form of its answer")
    def answer_form(self, version: AgentVersion) -> SafeString | str:
        if not version.output_schema:
            return "Free text"
        schema = json.dumps(version.output_schema, ensure_ascii=False, indent=2)
        return format_html('<div class="console"><pre class="code" tabindex="0">{}</pre></div>', schema)


def _asked(level: Level) -> str:
    """`2 of the group Managers within 72 h, else it is denied`."""
    kind, _, name = level.who.partition(":")
    who = {"requester": "the person who asked", "staff": "the staff", "group": f"the group {name}"}.get(kind, name)
    number = f"{level.needed} of " if level.needed > 1 else ""
    otherwise = "the next is asked" if level.on_expiry == "escalate" else "it is denied"
    return f"{number}{who} within {level.expires_hours:g} h, else {otherwise}"


def _lines(named: Iterable[tuple[str, str]]) -> SafeString:
    lines = format_html_join("", "<dt>{}</dt><dd>{}</dd>", named)
    return format_html('<dl class="said-of-it">{}</dl>', lines)
