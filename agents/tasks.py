"""The doorbells Celery carries. Each is safe to run twice."""

import logging
import uuid

from celery import shared_task
from django.db import InterfaceError, OperationalError

from agents import doorbell, reaper
from agents.worker import worker

logger = logging.getLogger(__name__)


@shared_task(name="agents.advance", ignore_result=True)
def advance(run_id: str) -> None:
    worker().advance(uuid.UUID(run_id))


@shared_task(name="agents.reap", ignore_result=True)
def reap() -> None:
    try:
        found = reaper.reap()
    except (OperationalError, InterfaceError) as error:
        logger.warning("Lost runs wait for the next round: the database failed (%s).", error)
        return
    for run_id in found:
        doorbell.ring(run_id)
