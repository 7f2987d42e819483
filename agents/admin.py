"""Agents and their runs in the console."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextareaWidget

from agents.models import Agent, AgentVersion, Run

MOST_SUGGESTIONS = 4


class ReadOnlyAdmin(ModelAdmin):
    """Rows that may be looked at, by those who may, and are written by the product alone. Never counts its table."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


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
        "agent", "number", "instructions_text", "llm", "fallback_llm_names", "parameters", "tool_names", "max_turns",
        "max_tool_calls", "created_by", "created_at",
    )  # fmt: skip

    @admin.display(description="Instructions")
    def instructions_text(self, version: AgentVersion) -> SafeString:
        return format_html('<div class="as-written">{}</div>', version.instructions)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "agent_version", "user", "status", "stop_reason", "recoveries", "trace")
    list_select_related = ("agent_version__agent", "user")
    list_filter = ("status", "stop_reason", "agent_version__agent")
    ordering = ("-id",)
    fields = (
        "id", "trace", "thread", "position", "agent_version", "user", "replaces", "status", "stop_reason", "error",
        "turn", "recoveries", "epoch", "input_tokens", "cached_tokens", "output_tokens", "cost", "first_token_ms",
        "created_at", "queued_at", "started_at", "finished_at",
    )  # fmt: skip

    @admin.display(description="Trace")
    def trace(self, run: Run) -> SafeString:
        trace = reverse("admin:observability_trace_change", args=[run.id])
        return format_html('<a class="door" href="{}">Trace</a>', trace)
