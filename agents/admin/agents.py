"""Agents in the console: what they are called, and the way to all that can be done with their versions."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from agents.admin import exchange_pages, version_pages
from agents.admin.base import OwnPages
from agents.models import Agent

MOST_SUGGESTIONS = 4


class AgentForm(forms.ModelForm):
    suggestions = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": MOST_SUGGESTIONS}),
        help_text=f"Up to {MOST_SUGGESTIONS} questions offered on an empty page, one a line.",
    )

    class Meta:
        model = Agent
        fields = ("name", "slug", "description", "suggestions", "is_enabled", "is_offered")
        labels: ClassVar = {"is_enabled": "Switched on", "is_offered": "Offered to people"}
        help_texts: ClassVar = {
            "slug": "What conversations, programs and other agents know it by. It stays as it is.",
            "is_enabled": "Switched off, it answers nobody; conversations that have begun say so.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["suggestions"] = "\n".join(self.instance.suggestions or [])

    def clean_suggestions(self) -> list[str]:
        lines = [line for given in self.cleaned_data["suggestions"].splitlines() if (line := given.strip())]
        if len(lines) > MOST_SUGGESTIONS:
            raise forms.ValidationError(f"At most {MOST_SUGGESTIONS} fit on the page; these are {len(lines)}.")
        return lines

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if slug != slug.lower() or len(slug) > 48:
            raise forms.ValidationError("Write it in small letters, figures and hyphens, at most 48.")
        return slug


@admin.register(Agent)
class AgentAdmin(OwnPages):
    form = AgentForm
    list_display = ("name", "slug", "description", "standing", "works_for", "traces")
    list_select_related = ("live__agent",)
    search_fields = ("name", "slug", "description")
    fields = ("name", "slug", "description", "suggestions", "is_enabled", "is_offered")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    change_form_outer_before_template = "admin/agents/_versions.html"
    actions_list: ClassVar = ["import_yaml"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()  # conversations, links and other agents know it by this

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return {} if obj else self.prepopulated_fields

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # its threads and runs stand on it; switching it off is what people mean

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, page: Any, name: str) -> URLPattern:
            view = self.admin_site.admin_view(partial(page, self))
            return path(route, view, name=f"agents_agent_{name}")

        own = [
            at("<int:agent_id>/edit/", version_pages.edit, "edit"),
            at("<int:agent_id>/compare/", version_pages.compare, "compare"),
            at("<int:agent_id>/live/<int:number>/", version_pages.go_live, "go_live"),
            at("<int:agent_id>/export/<int:number>/", exchange_pages.download, "export"),
            at("import/", exchange_pages.upload, "import"),
        ]
        return [*own, *super().get_urls()]

    @action(description="Import", icon="upload", permissions=["add"])
    def import_yaml(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:agents_agent_import"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        agent = self.get_object(request, object_id)
        if agent is not None and not self.has_view_permission(request):
            raise PermissionDenied
        shown = version_pages.standing(request, self, agent) if agent else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def response_add(self, request: HttpRequest, obj: Agent, post_url_continue: str | None = None) -> HttpResponse:
        """A new agent does nothing yet: on to its first version."""
        return HttpResponseRedirect(reverse("admin:agents_agent_edit", args=[obj.pk]))

    @admin.display(description="Live")
    def standing(self, agent: Agent) -> str:
        return f"v{agent.live.number}" if agent.live else "not yet"

    @admin.display(description="Works for")
    def works_for(self, agent: Agent) -> str:
        if not agent.is_enabled:
            return "nobody: switched off"
        return "people" if agent.is_offered else "other agents"

    @admin.display(description="Traces")
    def traces(self, agent: Agent) -> SafeString:
        traces = reverse("admin:observability_trace_changelist")
        return format_html('<a class="door" href="{}?agent={}">Traces</a>', traces, agent.slug)
