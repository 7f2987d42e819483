"""Traces in the console: read by those who may, changed by nobody."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from observability import trace_list, trace_page
from observability.models import Span, Trace
from observability.names import STATUS_FACES
from observability.trace_list import Cursor, TraceFilter


@admin.register(Trace)
class TraceAdmin(ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Trace | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Trace | None = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        # One line is enough: a trace may have thousands of steps, and they are nothing without it.
        return [f"{trace}, with all its steps" for trace in objs], {"trace": len(objs)}, set(), []

    def get_urls(self) -> list[URLPattern]:
        span = path(
            "<uuid:trace_id>/span/<uuid:span_id>/",
            self.admin_site.admin_view(self.span_view),
            name="observability_trace_span",
        )
        return [span, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._require_view(request)
        wanted = TraceFilter.read(request.GET)
        before, after = (Cursor.read(request.GET.get(name, "")) for name in ("before", "after"))
        traces = wanted.traces()
        page = trace_list.read_page(traces, before=before, after=after)
        context = {
            **self.admin_site.each_context(request),
            "title": "Traces",
            "opts": self.opts,
            "page": page,
            "older": wanted.query(before=str(page.older)) if page.older else "",
            "newer": wanted.query(after=str(page.newer)) if page.newer else "",
            "wanted": wanted,
            "number": trace_list.how_many(traces, are_all=wanted.is_empty),
            "people": trace_list.people({trace.user_id for trace in page.traces if trace.user_id}),
            "agents": trace_list.agents_seen(),
            "statuses": {str(status): face.word for status, face in STATUS_FACES.items()},
            "periods": {name: words for name, (words, _) in trace_list.PERIODS.items()},
            "ratings": trace_list.RATINGS,
            "is_fullwidth": "1",
        }
        return TemplateResponse(request, "observability/traces.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._require_view(request)
        trace = get_object_or_404(Trace.objects.defer("words"), id=_uuid_or_404(object_id))
        person = trace_list.people({trace.user_id}) if trace.user_id else {}
        context = {
            **self.admin_site.each_context(request),
            "title": "Trace",
            "opts": self.opts,
            "trace": trace,
            "person": person.get(trace.user_id or 0),
            "feedback": trace_page.feedback_of(trace),
            "others": trace_page.same_thread(trace),
            "timeline": trace_page.timeline(trace),
            "may_delete": self.has_delete_permission(request, trace),
            "is_fullwidth": "1",
        }
        return TemplateResponse(request, "observability/trace.html", context)

    def span_view(self, request: HttpRequest, trace_id: UUID, span_id: UUID) -> HttpResponse:
        """One step with what went in and out of it: a part of the trace's page, fetched when it is opened."""
        self._require_view(request)
        span = get_object_or_404(Span, id=span_id, trace_id=trace_id)
        return TemplateResponse(request, "observability/_span.html", {"page": trace_page.span_page(span)})

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _uuid_or_404(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise Http404("There is no such trace.") from None
