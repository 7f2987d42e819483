"""The doorbells Celery carries. Each is safe to run twice."""

import uuid

from celery import shared_task

from agents import doorbell, reaper
from agents.worker import worker


@shared_task(name="agents.advance", ignore_result=True)
def advance(run_id: str) -> None:
    worker().advance(uuid.UUID(run_id))


@shared_task(name="agents.reap", ignore_result=True)
def reap() -> None:
    for run_id in reaper.reap():
        doorbell.ring(run_id)
