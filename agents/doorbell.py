"""Rings for workers and watchers. Nothing waits for Redis here: a bell nobody hears is rung again by the reaper."""

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from celery import current_app
from django.conf import settings
from redis import Redis

from agents.channels import CANCELLATIONS, Batch, thread_channel
from agents.models import Run

logger = logging.getLogger(__name__)

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="doorbell")


def ring(run_id: uuid.UUID) -> None:
    """Tell the workers that a run is queued, or that one it waits for has ended."""
    _soon(lambda: current_app.send_task("agents.advance", args=[str(run_id)]))


def tell_approvers(approval_id: uuid.UUID) -> None:
    """Have those who may decide told by mail, where mail is set up."""
    if settings.MAIL_SERVER:
        _soon(lambda: current_app.send_task("agents.tell_approvers", args=[str(approval_id)]))


def deliver_answer(firing_id: uuid.UUID) -> None:
    """Have the answer of a trigger's run sent where it belongs."""
    _soon(lambda: current_app.send_task("agents.deliver_answer", args=[str(firing_id)]))


def reflect_on(agent_id: int, by: int) -> None:
    """Have a worker look at how an agent's answers went, for somebody who asked for it."""
    _soon(lambda: current_app.send_task("agents.reflect_on", args=[agent_id, by]))


def announce(run: Run, news: Batch | None = None) -> None:
    """Tell those who watch a thread that one of its runs changed without a worker; without news they read its rows."""
    packed = (news or Batch(str(run.id), run.epoch + 1, first_seq=1, frames=())).packed()  # newer than all they have
    _soon(lambda: _redis().publish(thread_channel(run.shown_in), packed))


def cancel(run_id: uuid.UUID) -> None:
    """Tell the worker that holds a run to stop it; the heartbeat would tell it too, later."""
    _soon(lambda: _redis().publish(CANCELLATIONS, str(run_id)))


def _soon(work: Callable[[], object]) -> None:
    _threads.submit(_quietly, work)


def _quietly(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:  # any trouble with Redis: the rows are committed, the reaper rings again
        logger.warning("The doorbell did not ring (%s: %s).", type(error).__name__, error)


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3)
