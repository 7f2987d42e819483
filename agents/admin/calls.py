"""A tool call in the console: what was asked, what came of it, and the whole of a result that was cut."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models.functions import Length
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path

from agents.admin.arguments import pretty, table_of
from agents.admin.base import ReadOnlyAdmin, uuid_or_404
from agents.discretion import MEMORY_TOOLS, output_of
from agents.models import Artifact, CallStatus, ToolCall


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnlyAdmin):
    list_display = ("name", "status", "effect", "attempt", "started_at", "finished_at")
    list_filter = ("status", "effect")
    ordering = ("-id",)

    def get_urls(self) -> list[URLPattern]:
        whole = path("<uuid:call_id>/whole/", self.admin_site.admin_view(self.whole_view), name="agents_toolcall_whole")
        return [whole, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.require_view(request)
        calls = ToolCall.objects.select_related("run__user", "run__agent_version__agent")
        call = get_object_or_404(calls, pk=uuid_or_404(object_id))
        return self.page(
            request,
            "call.html",
            title=call.name,
            call=call,
            result=output_of(call.name, call.result),
            arguments=table_of(call.arguments),
            raw=pretty(call.arguments),
            original=pretty(call.raw_arguments) if call.edited_arguments else "",
            artifact_size=None if call.name in MEMORY_TOOLS else _size_of_artifact(call),
            chain=call.approvals.prefetch_related("decisions__by").order_by("level"),
            settlements=call.settlements.select_related("by").order_by("pk"),
            is_unknown=call.status == CallStatus.OUTCOME_UNKNOWN,
        )

    def whole_view(self, request: HttpRequest, call_id: UUID) -> HttpResponse:
        """All of a result as plain text: whatever a tool brought in, a browser only reads it."""
        self.require_view(request)
        artifact = get_object_or_404(Artifact.objects.exclude(call__name__in=MEMORY_TOOLS), call=call_id)
        answer = HttpResponse(artifact.content, content_type="text/plain; charset=utf-8")
        answer["Content-Disposition"] = f'inline; filename="{call_id}.txt"'
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


def _size_of_artifact(call: ToolCall) -> int | None:
    """Its length in characters, without reading it; None where nothing was cut."""
    return Artifact.objects.filter(call=call).values_list(Length("content"), flat=True).first()
