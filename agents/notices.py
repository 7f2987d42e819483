"""Mail to those who may decide an approval: what would be done, for whom, why, until when, and where to say so.

A mail is claimed by a conditional update, tried at most three times, and never sent inside a transaction. Whoever asked
the question sees it on the page; only when they have not answered for five minutes do they get a mail too.
"""

import json
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from agents import stakes
from agents.models import Approval, ApprovalStatus, Firing, Verdict

MOST_TRIES = 3
PAUSE = timedelta(minutes=2)
PATIENCE = timedelta(minutes=5)
MOST_PEOPLE = 50
LONGEST_ARGUMENTS = 4000


def due() -> list[uuid.UUID]:
    """The approvals nobody has had a mail about that should have had one."""
    if not settings.MAIL_SERVER:
        return []
    return list(_untold().order_by("pk").values_list("pk", flat=True)[:100])


def tell(approval_id: uuid.UUID) -> None:
    """Send the mails of one approval, once; what the mail server does not take is tried again."""
    if not settings.MAIL_SERVER or not _is_claimed(approval_id):
        return
    approval = Approval.objects.select_related(
        "call__message", "run__agent_version__agent", "run__user", "run__root"
    ).get(pk=approval_id)
    mails = [_mail(approval, person) for person in _deciders(approval)]
    if mails:
        get_connection().send_messages(mails)
    Approval.objects.filter(pk=approval_id).update(told_at=timezone.now())


def _untold() -> QuerySet[Approval]:
    now = timezone.now()
    asked_long_ago = Q(expires_at__lt=now - PATIENCE + F("expires_after"))
    return Approval.objects.filter(
        Q(tell_after=None) | Q(tell_after__lte=now),
        ~Q(who="requester") | asked_long_ago,
        status=ApprovalStatus.PENDING,
        told_at=None,
        tellings__lt=MOST_TRIES,
    )


def _is_claimed(approval_id: uuid.UUID) -> bool:
    untold = _untold().filter(pk=approval_id)
    return bool(untold.update(tellings=F("tellings") + 1, tell_after=timezone.now() + PAUSE))


def _deciders(approval: Approval) -> list[User]:
    """Those it is asked of who have not said yes to exactly this already."""
    kind, _, name = approval.who.partition(":")
    people = User.objects.filter(is_active=True)
    if kind == "requester":
        people = people.filter(pk=approval.run.user_id or 0)
    elif kind == "staff":
        people = people.filter(is_staff=True)
    elif kind == "group":
        people = people.filter(groups__name=name)
    else:
        people = people.filter(email__iexact=name)
    approved = approval.call.approvals.filter(
        decisions__verdict=Verdict.APPROVE, decisions__arguments_digest=approval.arguments_digest
    )
    return list(people.exclude(pk__in=approved.values("decisions__by")).distinct().order_by("pk")[:MOST_PEOPLE])


def _mail(approval: Approval, person: User) -> EmailMessage:
    agent, tool = approval.run.agent_version.agent.name, approval.call.name
    subject = " ".join(f"{agent} asks: may it use {tool}?".split())
    return EmailMessage(subject, _words(approval, person), settings.DEFAULT_FROM_EMAIL, [person.email])


def _words(approval: Approval, person: User) -> str:
    run, until, call = approval.run, approval.expires_at, approval.call
    on, said = stakes.resource_of(call), stakes.said_before(call)
    lines = [
        f"{run.agent_version.agent.name} wants to use {call.name}{f' → {on}' if on else ''} for "
        f"{run.user or 'no person'}, and waits for your word.",
        "",
        *([f"It says: {said}", ""] if said else []),
        "With these arguments:",
        _pretty(call.arguments),
        "",
        approval.reason,
        stakes.consequences(approval),
        f"There is time until {until:%Y-%m-%d %H:%M} UTC." if until else "",
        "",
        f"Decide here: {_link(approval, person)}",
    ]
    return "\n".join(lines)


def _link(approval: Approval, person: User) -> str:
    """The conversation for whoever asked there (a trigger's run has none), else the console for those who may open it,
    and for everybody the page of those who decide."""
    run = approval.run
    if run.user_id == person.pk and not Firing.objects.filter(run=run.trace_id).exists():
        return f"{settings.SITE_URL}/c/{run.shown_in}/"
    if person.is_staff and person.has_perm("agents.view_approval"):
        return settings.SITE_URL + reverse("admin:agents_approval_change", args=[approval.pk])
    return f"{settings.SITE_URL}/approvals/{approval.pk}/"


def _pretty(arguments: str) -> str:
    try:
        text = json.dumps(json.loads(arguments or "{}"), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        text = arguments
    return text if len(text) <= LONGEST_ARGUMENTS else f"{text[:LONGEST_ARGUMENTS]} …"
