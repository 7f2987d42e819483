"""Triggers in the console: what starts runs by itself, its keys shown once, a test, and each time it fired."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import ForeignKey, Model
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.models import User
from agents.admin import trigger_pages
from agents.admin.base import OwnPages, person
from agents.admin.trigger_form import TriggerForm
from agents.models import Deliver, Trigger, TriggerKind
from agents.triggers.keys import give_keys
from agents.triggers.schedule import set_clock

IS_WEBHOOK, IS_SCHEDULE = "kind == 'webhook'", "kind == 'schedule'"


@admin.register(Trigger)
class TriggerAdmin(OwnPages):
    form = TriggerForm
    list_display = ("name", "fires", "agent", "run_as", "standing", "next_time", "history")
    list_select_related = ("agent", "run_as")
    list_filter = ("kind", "is_enabled")
    search_fields = ("name", "agent__name", "run_as__email")
    actions: ClassVar = ["switch_on", "switch_off"]
    conditional_fields: ClassVar = {
        "needs_signature": IS_WEBHOOK,
        "cron": IS_SCHEDULE,
        "every_minutes": IS_SCHEDULE,
        "time_zone": IS_SCHEDULE,
        "deliver_to": "deliver != 'not'",
    }
    fieldsets = (
        (None, {"fields": ("name", "agent", "run_as", "is_enabled")}),
        ("When it fires", {"fields": ("kind", "needs_signature", "cron", "every_minutes", "time_zone")}),
        ("What is asked, and what becomes of the answer", {"fields": ("template", "deliver", "deliver_to")}),
    )
    change_form_outer_before_template = "admin/agents/_trigger.html"
    change_form_outer_after_template = "admin/agents/_firings.html"

    # Whoever writes a trigger's input acts in the name of the person it runs as.

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_theirs(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_theirs(request, obj)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest | None, **kwargs: Any
    ) -> ModelChoiceField | None:
        if db_field.name == "run_as" and request is not None:
            who = person(request)
            people = User.objects.filter(is_active=True)
            kwargs |= {"queryset": people if who.is_superuser else people.filter(pk=who.pk), "initial": who.pk}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, page: Any, name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(partial(page, self)), name=f"agents_trigger_{name}")

        own = [
            at("<int:trigger_id>/fire/", trigger_pages.fire_now, "fire"),
            at("<int:trigger_id>/keys/", trigger_pages.renew_keys, "keys"),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        trigger = self.get_object(request, object_id)
        shown = trigger_pages.standing(request, self, trigger) if isinstance(trigger, Trigger) else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def save_model(self, request: HttpRequest, obj: Trigger, form: ModelForm, change: bool) -> None:
        if not change:
            obj.created_by = person(request)
            request.new_keys = give_keys(obj)  # type: ignore[attr-defined]    # until the answer shows them
        if not change or {"kind", "is_enabled", "cron", "every_minutes", "time_zone"} & set(form.changed_data):
            set_clock(obj)
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Trigger, post_url_continue: str | None = None) -> HttpResponse:
        """The only page that ever shows its keys. Sending the form again makes no second one: a name is taken once."""
        if obj.kind != TriggerKind.WEBHOOK and obj.deliver != Deliver.POST:
            self.message_user(request, f"{obj} is kept. Below stands when it fires.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:agents_trigger_change", args=[obj.pk]))
        return trigger_pages.keys_page(self, request, obj, request.new_keys)  # type: ignore[attr-defined]

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, is_enabled=True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, is_enabled=False)

    def _switch(self, request: HttpRequest, queryset: Any, *, is_enabled: bool) -> None:
        theirs = queryset.filter(pk__in=Trigger.objects.changeable_by(person(request)))
        for trigger in theirs:
            trigger.is_enabled = is_enabled
            set_clock(trigger)
            trigger.save(update_fields=["is_enabled", "next_at"])
            self.log_change(request, trigger, "Switched on" if is_enabled else "Switched off")
        word = "on" if is_enabled else "off"
        left = queryset.count() - len(theirs)
        others = f" {left} run as somebody else, and only an administrator changes those." if left else ""
        self.message_user(request, f"{len(theirs)} switched {word}.{others}")

    @admin.display(description="Fires", ordering="kind")
    def fires(self, trigger: Trigger) -> str:
        return trigger_pages.when(trigger)

    @display(description="Status", ordering="is_enabled", label={"on": "success", "off": "warning"})
    def standing(self, trigger: Trigger) -> tuple[str, str]:
        return ("on", "On") if trigger.is_enabled else ("off", "Off")

    @admin.display(description="Next", ordering="next_at")
    def next_time(self, trigger: Trigger) -> str:
        return trigger_pages.local(trigger, trigger.next_at) if trigger.next_at else "–"

    @admin.display(description="History")
    def history(self, trigger: Trigger) -> SafeString:
        page = reverse("admin:agents_trigger_change", args=[trigger.pk])
        return format_html('<a class="door" href="{}#history">Runs</a>', page)


def _is_theirs(request: HttpRequest, trigger: Model | None) -> bool:
    who = person(request)
    return not isinstance(trigger, Trigger) or who.is_superuser or trigger.run_as_id == who.pk
