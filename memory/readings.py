"""Who of the staff read what is known about a person, and why: in the audit log, and told to that person."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from accounts.models import User

READ = "Read what is known about this person: "
FORGOT = "Forgot all that was known about this person"
LONGEST_REASON = 300


@dataclass(frozen=True)
class Reading:
    """That somebody looked, never what was seen."""

    by: str
    reason: str
    at: datetime


def note_reading(*, by: User, of: User, reason: str) -> None:
    _note(by, of, f"{READ}{reason[:LONGEST_REASON]}")


def note_forgetting(*, by: User, of: User) -> None:
    _note(by, of, FORGOT)


def readings_of(user: User) -> list[Reading]:
    """Who read it, the latest first."""
    people = ContentType.objects.get_for_model(User)
    said = LogEntry.objects.filter(content_type=people, object_id=str(user.pk), change_message__startswith=READ)
    return [
        Reading(str(entry.user), entry.change_message.removeprefix(READ), entry.action_time)
        for entry in said.select_related("user").order_by("-action_time")[:20]
    ]


def _note(by: User, of: User, words: str) -> None:
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(of.pk),
        object_repr=str(of)[:200],
        action_flag=CHANGE,
        change_message=words,
    )
