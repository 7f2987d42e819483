"""What people are asked to decide, as their page shows it: those of their own runs and those of others."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from agents import interrupts
from agents.models import Approval
from agents.outcomes import question_of
from chat.models import Conversation
from chat.pages import viewer_of

MOST = 100
LONGEST_QUESTION = 2000


def number_for(user: User) -> int:
    """How many things wait for this person's word; a hundred at most."""
    return Approval.objects.decidable_by(user).values("pk")[:MOST].count()


def may_be_asked(user: User) -> bool:
    """Whether others' agents may come to ask this person: only then is it worth asking again and again."""
    if user.is_staff or user.groups.exists():
        return True
    return Approval.objects.filter(who__iexact=f"user:{user.email}").exists()


def waiting_for(user: User) -> list[dict[str, Any]]:
    """What this person may decide now, the oldest first, so that what comes later stands below."""
    return cards_of(user, Approval.objects.decidable_by(user).order_by("pk")[:MOST])


def cards_of(user: User, chosen: QuerySet[Approval]) -> list[dict[str, Any]]:
    """See `static/js/elements/asked_approval.js`. Whether `chosen` may be seen is up to whoever chose them."""
    related = ("call__message", "run__user", "run__root__agent_version__agent", "run__agent_version__agent")
    approvals = list(chosen.select_related(*related).prefetch_related("decisions__by", "call__approvals"))
    mine = set(Approval.objects.decidable_by(user).filter(pk__in=[one.pk for one in approvals]).values_list("pk"))
    own = _own_conversations(user, approvals)
    return [_card(user, one, may_decide=(one.pk,) in mine, conversation=own.get(one.run.shown_in)) for one in approvals]


def _card(user: User, approval: Approval, *, may_decide: bool, conversation: str | None) -> dict[str, Any]:
    run, root = approval.run, approval.run.root or approval.run
    (interrupt,) = interrupts.of_rows([approval.call], [approval])
    return {
        "id": str(approval.pk),
        "agent": run.agent_version.agent.name,
        "by": str(run.user) if run.user else None,
        "isOwn": run.user_id == user.pk,
        "askedAt": approval.created_at.isoformat(),
        "question": question_of(root)[:LONGEST_QUESTION],
        "task": question_of(run)[:LONGEST_QUESTION] if run.root else None,
        "conversation": conversation,
        "mayDecide": may_decide and not run.is_finished,
        "status": approval.status,
        "words": approval.get_status_display(),
        "decisions": [
            {"verdict": said.verdict, "by": str(said.by or "somebody who is gone"), "comment": said.comment}
            for said in approval.decisions.all()
        ],
        "interrupt": interrupt.model_dump(mode="json", by_alias=True),
        "viewer": viewer_of(user, Approval.objects.filter(pk=approval.pk), is_owner=run.user_id == user.pk),
    }


def _own_conversations(user: User, approvals: Iterable[Approval]) -> dict[Any, str]:
    threads = {approval.run.shown_in for approval in approvals if approval.run.user_id == user.pk}
    found = Conversation.objects.visible_to(user).filter(pk__in=threads).values_list("pk", flat=True)
    return {thread: f"/c/{thread}/" for thread in found}
