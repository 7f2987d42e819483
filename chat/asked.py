"""What people are asked to decide, as their page shows it: those of their own runs and those of others."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from agents import interrupts
from agents.models import Approval, Message, Role
from chat.models import Conversation
from chat.pages import viewer_of

MOST = 100
LONGEST_QUESTION = 2000


def number_for(user: User) -> int:
    """How many things wait for this person's word; a hundred at most."""
    return Approval.objects.decidable_by(user).values("pk")[:MOST].count()


def may_be_asked(user: User) -> bool:
    """Whether others' agents may come to ask this person, who then looks again and again; a person who is named in a
    policy alone has a mail, and sees the number with the next page."""
    return user.is_staff or user.groups.exists()


def waiting_for(user: User) -> list[dict[str, Any]]:
    """What this person may decide now, the oldest first, so that what comes later stands below."""
    return cards_of(user, Approval.objects.decidable_by(user).order_by("pk")[:MOST])


def cards_of(user: User, chosen: QuerySet[Approval]) -> list[dict[str, Any]]:
    """See `static/js/elements/asked_approval.js`. Whether `chosen` may be seen is up to whoever chose them."""
    related = ("call__message", "run__user", "run__root__agent_version__agent", "run__agent_version__agent")
    approvals = list(chosen.select_related(*related).prefetch_related("decisions__by", "call__approvals"))
    rows = Approval.objects.filter(pk__in=[one.pk for one in approvals])
    mine = set(rows.decidable_by(user).values_list("pk", flat=True))
    own, questions = _own_conversations(user, approvals), _questions(approvals)
    viewer = viewer_of(user, rows, is_owner=False)
    return [
        _card(one, questions)
        | {
            "isOwn": one.run.user_id == user.pk,
            "conversation": own.get(one.run.shown_in),
            "mayDecide": one.pk in mine,
            "viewer": viewer | {"isOwner": one.run.user_id == user.pk},
        }
        for one in approvals
    ]


def _card(approval: Approval, questions: dict[UUID, str]) -> dict[str, Any]:
    """What is the same for everybody."""
    run = approval.run
    (interrupt,) = interrupts.of_rows([approval.call], [approval])
    return {
        "id": str(approval.pk),
        "agent": run.agent_version.agent.name,
        "by": str(run.user) if run.user else None,
        "askedAt": approval.created_at.isoformat(),
        "question": questions.get(run.trace_id, ""),
        "task": questions.get(run.pk) if run.root_id else None,
        "status": approval.status,
        "words": approval.get_status_display(),
        "decisions": [
            {"verdict": said.verdict, "by": str(said.by or "somebody who is gone"), "comment": said.comment}
            for said in approval.decisions.all()
        ],
        "interrupt": interrupt.model_dump(mode="json", by_alias=True),
    }


def _questions(approvals: Iterable[Approval]) -> dict[UUID, str]:
    """By run, of those that ask and of those they work for: what was asked."""
    runs = {run_id for approval in approvals for run_id in (approval.run_id, approval.run.trace_id)}
    asked = Message.objects.filter(run__in=runs, role=Role.USER).order_by("-position").values_list("run_id", "text")
    return {run_id: text[:LONGEST_QUESTION] for run_id, text in asked}


def _own_conversations(user: User, approvals: Iterable[Approval]) -> dict[UUID, str]:
    threads = {approval.run.shown_in for approval in approvals if approval.run.user_id == user.pk}
    found = Conversation.objects.visible_to(user).filter(pk__in=threads).values_list("pk", flat=True)
    return {thread: f"/c/{thread}/" for thread in found}
