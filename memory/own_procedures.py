"""What was learned from one person's answers alone, and is followed for them alone: theirs to see and to delete."""

import uuid

from django.db import transaction

from memory.models import Procedure, ProcedureEvidence, ProcedureStatus
from memory.proposals import weigh


def own_procedures(user_id: int) -> list[Procedure]:
    """Those in use, and those that wait for the staff, in their newest versions."""
    there = (ProcedureStatus.ACTIVE, ProcedureStatus.PROPOSED, ProcedureStatus.SUSPENDED)
    return list(Procedure.objects.newest().filter(user_id=user_id, status__in=there).order_by("-pk"))


@transaction.atomic
def delete_own(user_id: int, procedure_id: uuid.UUID) -> bool:
    """Delete one with the versions before it; False if there is none of this person's."""
    found = Procedure.objects.filter(user_id=user_id, pk=procedure_id).first()
    versions = []
    while found is not None and found.user_id == user_id:
        versions.append(found.pk)
        found = found.parent
    Procedure.objects.filter(pk__in=versions).delete()
    return bool(versions)


@transaction.atomic
def forget_person(user_id: int) -> None:
    """Delete all that is this person's own, and take their answers out of what speaks for others."""
    Procedure.objects.filter(user_id=user_id).delete()
    evidence = ProcedureEvidence.objects.filter(user_id=user_id)
    shared = list(Procedure.objects.filter(evidence__in=evidence).distinct())
    evidence.delete()
    for procedure in shared:
        weigh(procedure)
