"""The form of a trigger: what is wrong with it is said beside the field it is about."""

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from agents.models import Agent, Deliver, Trigger, TriggerKind
from agents.triggers import cron
from agents.triggers.post import problem_of_url
from agents.triggers.schedule import next_time
from agents.triggers.templates import filled, problem_of

MOST_ADDRESSES = 10
PLACES = (
    "What the agent is told. {{ payload }} stands for what was sent, {{ payload.issue.title }} for a part of it, "
    "{{ time }} for the moment, {{ trigger }} for this name."
)


class TriggerForm(forms.ModelForm):
    template = forms.CharField(
        label="Input",
        initial="{{ payload }}",
        max_length=20_000,
        strip=False,
        help_text=PLACES,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
    )

    class Meta:
        model = Trigger
        fields = (
            "name", "agent", "run_as", "is_enabled", "kind", "template", "needs_signature",
            "cron", "every_minutes", "time_zone", "deliver", "deliver_to",
        )  # fmt: skip
        help_texts: ClassVar = {"time_zone": "Of the cron expression, for example Europe/Zurich."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "agent" in self.fields:  # absent where the form is only looked at
            answering = Q(is_enabled=True, live__isnull=False) | Q(pk=self.instance.agent_id or 0)
            self.fields["agent"].queryset = Agent.objects.filter(answering)  # type: ignore[attr-defined]
        if "time_zone" in self.fields:
            self.fields["time_zone"].required = False

    def clean_template(self) -> str:
        template = str(self.cleaned_data["template"]).strip()
        if problem := problem_of(template):
            raise ValidationError(problem)
        return template

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"] or settings.TIME_ZONE
        if zone not in available_timezones():
            raise ValidationError(f"There is no time zone {zone}; write for example Europe/Zurich.")
        return str(zone)

    def clean_cron(self) -> str:
        expression = " ".join(self.cleaned_data["cron"].split())
        if expression:
            try:
                cron.read(expression)
            except cron.BadCron as error:
                raise ValidationError(str(error)) from None
        return expression

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == TriggerKind.SCHEDULE:
            self._check_times(cleaned)
            self._check_words(cleaned)
        if cleaned.get("deliver") == Deliver.MAIL:
            self._check_addresses(cleaned.get("deliver_to", ""))
        if cleaned.get("deliver") == Deliver.POST and (problem := problem_of_url(cleaned.get("deliver_to", ""))):
            self.add_error("deliver_to", problem)
        return cleaned

    def _check_times(self, cleaned: dict[str, Any]) -> None:
        if {"cron", "every_minutes", "time_zone"} & self.errors.keys():
            return
        expression, every = cleaned.get("cron", ""), cleaned.get("every_minutes")
        if bool(expression) == bool(every):
            self.add_error("cron", "Write a cron expression, or after how many minutes it fires: one of the two.")
            return
        times = Trigger(cron=expression, every_minutes=every, time_zone=cleaned["time_zone"])
        if next_time(times, timezone.now()) is None:
            self.add_error("cron", "There is no such day.")

    def _check_words(self, cleaned: dict[str, Any]) -> None:
        """Nothing is sent with the time, so the words must be here."""
        template = cleaned.get("template", "")
        if template and not filled(template, payload=None, time="", trigger="").strip():
            self.add_error("template", "Nothing is sent at a set time; write what the agent is to do.")

    def _check_addresses(self, given: str) -> None:
        addresses = [address.strip() for address in given.split(",") if address.strip()]
        if not settings.MAIL_SERVER:
            self.add_error("deliver", "No mail server is set up; an administrator names one in EMAIL_URL.")
        if not 0 < len(addresses) <= MOST_ADDRESSES:
            self.add_error("deliver_to", f"Write from one to {MOST_ADDRESSES} e-mail addresses.")
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError:
                self.add_error("deliver_to", f"{address!r} is not an e-mail address.")
