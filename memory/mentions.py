"""Takes what a person had forgotten out of procedures, too: those that were learned from that person's answers."""

import re
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from memory import stores
from memory.models import Procedure, ProcedureStatus
from memory.stores import Collection

SHORTEST = 3
LEFT_OUT = "…"
REASON = "Something it mentioned was forgotten. Look whether it still makes sense."


@transaction.atomic
def forget_mentions(user_id: int, texts: Iterable[str]) -> int:
    """Leave these texts out of every version of the procedures that a person has a part in; returns how many had them.

    One in use is suspended until somebody has looked at it.
    """
    wanted = {" ".join(text.split()).strip(" .!?\"'") for text in texts}
    words = sorted((text for text in wanted if len(text) >= SHORTEST), key=len, reverse=True)
    if not words:
        return 0
    mention = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(one) for one in words)})(?!\w)", re.IGNORECASE)
    theirs = Procedure.objects.filter(Q(user_id=user_id) | Q(evidence__user_id=user_id)).values("pk")
    rows = Procedure.objects.select_for_update(of=("self",)).filter(pk__in=theirs).order_by("pk")
    return sum(_forget(procedure, mention) for procedure in rows)


def _forget(procedure: Procedure, mention: re.Pattern[str]) -> bool:
    before = (procedure.trigger, procedure.body, procedure.steps)
    procedure.trigger = mention.sub(LEFT_OUT, procedure.trigger)
    procedure.body = mention.sub(LEFT_OUT, procedure.body)
    procedure.steps = [step | {"purpose": mention.sub(LEFT_OUT, step.get("purpose", ""))} for step in procedure.steps]
    if before == (procedure.trigger, procedure.body, procedure.steps):
        return False
    if procedure.status == ProcedureStatus.ACTIVE:
        procedure.status, procedure.reason = ProcedureStatus.SUSPENDED, REASON
    stores.forget_later(Collection.PROCEDURES, [procedure.pk])
    procedure.embedded_with = ""
    procedure.save()
    return True
