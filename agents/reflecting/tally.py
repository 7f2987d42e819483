"""Keeps the counts of procedures up to date, and retires those that fail."""

import logging
from datetime import timedelta

from django.utils import timezone

from agents.reflecting.ratings import judge_failed
from agents.reflecting.reading import share_without
from memory import procedures
from memory.models import ProcedureUse, UseOutcome

logger = logging.getLogger(__name__)

OPEN_FOR = timedelta(days=7)  # a run that has not failed by then is not looked at again
COUNTED_AGAIN = timedelta(hours=2)


def tally() -> None:
    """Count uses, hold failed runs against what they were told, and end what does more harm than good."""
    now = timezone.now()
    open_uses = ProcedureUse.objects.filter(outcome=UseOutcome.UNKNOWN, created_at__gte=now - OPEN_FOR)
    judge_failed(list(open_uses.values_list("run_id", flat=True).distinct()))
    procedures.recount_used_since(now - COUNTED_AGAIN)
    for retired in procedures.retire_failing(lambda one: share_without(one.agent_id, one.pk)):
        logger.info("The procedure %s (%s) was retired: %s", retired.pk, retired, retired.reason)
