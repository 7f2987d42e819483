"""What Celery carries for memory. Rows say what there is to do; a task that never arrives is made up for by beat."""

import logging
from concurrent.futures import ThreadPoolExecutor

from celery import shared_task
from celery.signals import worker_shutting_down
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from memory import forget, indexing

log = logging.getLogger(__name__)

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="index-soon")


@shared_task(name="memory.index_waiting", ignore_result=True)
def index_waiting() -> None:
    indexing.index_waiting()


@shared_task(name="memory.forget_stale", ignore_result=True)
def forget_stale() -> None:
    forget.archive_stale()


def index_soon() -> None:
    """Ask a worker to index what waits, without waiting for Redis. Nothing is lost: the next beat asks again."""
    _thread.submit(_ask)


def _ask() -> None:
    try:
        index_waiting.delay()
    except (OperationalError, RedisError, OSError) as error:
        log.warning("No worker could be asked to index documents (%s); it is tried again later.", type(error).__name__)


@worker_shutting_down.connect(weak=False)
def _stop_indexing(**_: object) -> None:
    indexing.stop_soon()
