"""Conversations in the console: who talked to which agent, and what was said."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agents.admin import ReadOnlyAdmin
from agents.models import Message, Run, ToolCall
from chat.models import Conversation, Feedback

RUNS_SHOWN = 200


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = ("title_or_new", "owner", "agent", "run_count", "updated_at", "traces")
    list_select_related = ("owner", "thread__agent")
    list_filter = ("thread__agent",)
    search_fields = ("title", "owner__email")
    search_help_text = "Words of the title, or an e-mail address"
    ordering = ("-updated_at", "-thread_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return super().get_queryset(request).annotate(run_count=Count("thread__runs"))

    @admin.display(description="Title", ordering="title")
    def title_or_new(self, conversation: Conversation) -> str:
        return str(conversation)

    @admin.display(description="Agent")
    def agent(self, conversation: Conversation) -> str:
        return conversation.thread.agent.name

    @admin.display(description="Runs")
    def run_count(self, conversation: Any) -> int:
        return conversation.run_count

    @admin.display(description="Traces")
    def traces(self, conversation: Conversation) -> SafeString:
        traces = reverse("admin:observability_trace_changelist")
        return format_html('<a class="door" href="{}?thread={}">Traces</a>', traces, conversation.thread_id)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The transcript: what was said, which tools were used, and a way to each trace."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        conversations = Conversation.objects.select_related("owner", "thread__agent")
        conversation = get_object_or_404(conversations, thread=_uuid_or_404(object_id))
        runs = conversation.thread.runs.shown()
        context = {
            **self.admin_site.each_context(request),
            "title": str(conversation),
            "opts": self.opts,
            "conversation": conversation,
            "runs": transcript(runs),
            "left_out": max(0, runs.count() - RUNS_SHOWN),
        }
        return TemplateResponse(request, "admin/chat/conversation/change_form.html", context)


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    list_display = ("thumb", "comment", "author", "updated_at", "trace")
    list_select_related = ("author",)
    list_filter = ("is_positive",)
    ordering = ("-updated_at", "-id")
    fields = ("thumb", "comment", "author", "updated_at", "trace")

    @admin.display(description="Thumb", ordering="is_positive")
    def thumb(self, feedback: Feedback) -> str:
        return "Up" if feedback.is_positive else "Down"

    @admin.display(description="Trace")
    def trace(self, feedback: Feedback) -> SafeString:
        trace = reverse("admin:observability_trace_change", args=[feedback.run_id])
        return format_html('<a class="door" href="{}">Trace</a>', trace)


def transcript(runs: QuerySet[Run]) -> list[Run]:
    """The latest runs in the order they were asked, each with its messages and their tool calls."""
    calls = Prefetch("tool_calls", ToolCall.objects.order_by("position"))
    messages = Prefetch("messages", Message.objects.order_by("position").prefetch_related(calls))
    latest = runs.select_related("agent_version__agent").prefetch_related(messages).order_by("-position")[:RUNS_SHOWN]
    return list(latest)[::-1]


def _uuid_or_404(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise Http404("There is no such conversation.") from None
