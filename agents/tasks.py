"""The doorbells Celery carries. Each is safe to run twice."""

import logging
import uuid

from celery import shared_task
from django.db import InterfaceError, OperationalError

from accounts.models import User
from agents import doorbell, notices, reaper
from agents.learning import job as learning
from agents.models import Agent
from agents.reflecting import job, tally
from agents.triggers import delivery, history, schedule
from agents.worker import worker

logger = logging.getLogger(__name__)


@shared_task(name="agents.advance", ignore_result=True)
def advance(run_id: str) -> None:
    worker().advance(uuid.UUID(run_id))


@shared_task(name="agents.reap", ignore_result=True)
def reap() -> None:
    try:
        found, unsaid, unsent = reaper.reap(), notices.due(), delivery.due()
    except (OperationalError, InterfaceError) as error:
        logger.warning("Lost runs wait for the next round: the database failed (%s).", error)
        return
    for run_id in found:
        doorbell.ring(run_id)
    for approval_id in unsaid:
        doorbell.tell_approvers(approval_id)
    for firing_id in unsent:
        doorbell.deliver_answer(firing_id)


@shared_task(name="agents.fire_triggers", ignore_result=True)
def fire_triggers() -> None:
    schedule.fire_due()


@shared_task(name="agents.forget_firings", ignore_result=True)
def forget_firings() -> None:
    history.forget_old()


@shared_task(name="agents.deliver_answer", ignore_result=True)
def deliver_answer(firing_id: str) -> None:
    delivery.deliver(uuid.UUID(firing_id))


@shared_task(name="agents.learn", ignore_result=True)
def learn() -> None:
    learning.learn_waiting()


@shared_task(name="agents.reflect", ignore_result=True)
def reflect() -> None:
    job.reflect_on_all()


@shared_task(name="agents.reflect_on", ignore_result=True)
def reflect_on(agent_id: int, by: int) -> None:
    """At once, for somebody who asked for it."""
    agent = Agent.objects.filter(pk=agent_id, live__isnull=False).select_related("live").first()
    if agent:
        job.reflect(agent, by=User.objects.filter(pk=by).first())


@shared_task(name="agents.count_procedures", ignore_result=True)
def count_procedures() -> None:
    tally.tally()


@shared_task(name="agents.tell_approvers", ignore_result=True)
def tell_approvers(approval_id: str) -> None:
    try:
        notices.tell(uuid.UUID(approval_id))
    except OSError as error:  # smtplib's are OSErrors; the reaper comes back
        logger.warning("The mail about the approval %s was not sent (%s).", approval_id, error)
