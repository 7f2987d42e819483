"""Memories in the console: numbers for those who run Plumbline, texts for those who may and say why, on record."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin

from accounts.models import User
from memory import pausing, readings
from memory.health import health
from memory.models import Memory

MOST_SHOWN = 500


class ReadingForm(forms.Form):
    """Whose memories, and why: there is no list to browse."""

    email = forms.CharField(max_length=254, label="E-mail address", widget=forms.EmailInput)
    reason = forms.CharField(
        label="Why",
        min_length=10,
        max_length=readings.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why.", "min_length": "Say why in a few words more."},
    )

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip()
        self.person = User.objects.filter(email__iexact=email).first()
        if self.person is None:
            raise forms.ValidationError("There is nobody with this address.")
        return email


@admin.register(Memory)
class MemoryAdmin(ModelAdmin):
    """One page of numbers. No list, no search and no page of a memory: rows are found only as one person's."""

    def get_urls(self) -> list[URLPattern]:
        read = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.read))
        return [path("read/", never_cache(read), name="memory_memory_read"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {"title": "Memory", "health": health(), "may_read": self._may_read(request)}
        return self._page(request, "health.html", context)

    def read(self, request: HttpRequest) -> HttpResponse:
        """What is known about one person. Each look is on record before anything is shown."""
        if not self._may_read(request):
            raise PermissionDenied
        form = ReadingForm(request.POST or None)
        context: dict[str, Any] = {"title": "What is known about a person", "form": form}
        if form.is_valid() and form.person and isinstance(request.user, User):
            with transaction.atomic():
                readings.note_reading(by=request.user, of=form.person, reason=form.cleaned_data["reason"])
                known = Memory.objects.of(form.person.pk).order_by("status", "-created_at")
                context |= {
                    "person": form.person,
                    "memories": list(known[:MOST_SHOWN]),
                    "number": known.count(),
                    "is_paused": pausing.consent_of(form.person.pk).is_paused,
                }
        return self._page(request, "read.html", context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise PermissionDenied("Memories are not opened one by one here.")

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise PermissionDenied("The history of a memory is its person's.")

    def _may_read(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("memory.read_texts"))

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"admin/memory/{template}", {**frame, **context})
