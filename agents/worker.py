"""What a worker process has one of: an asyncio loop for all its runs, a publisher, an ear for cancellations."""

import asyncio
import logging
import threading
import time
import uuid
from concurrent.futures import Future

from celery.signals import worker_shutting_down
from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agents import runs
from agents.channels import CANCELLATIONS
from agents.lease import Reason, heartbeat
from agents.live import Publisher
from agents.llm import pricing
from agents.llm.base import Usage

logger = logging.getLogger(__name__)


class Worker:
    """Lives as long as its process. Celery's threads only wait for what runs on its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._publisher: Publisher | None = None
        self._is_draining = False
        threading.Thread(target=self._run_loop, name="runs", daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    def advance(self, run_id: uuid.UUID) -> None:
        """Move a run as far as it goes; blocks until it waits or has ended."""
        if self._is_draining:
            return  # it stays queued, and another worker or our successor takes it
        assert self._publisher is not None
        work: Future[None] = asyncio.run_coroutine_threadsafe(runs.advance(run_id, self._publisher), self._loop)
        work.result()

    def drain(self) -> None:
        """Let each run finish its step, then give it back to the queue."""
        self._is_draining = True
        for lease in heartbeat.held():
            lease.is_draining = True
        threading.Thread(target=self._stop_stragglers, name="drain", daemon=True).start()

    def _stop_stragglers(self) -> None:
        time.sleep(settings.DRAIN_SECONDS)
        for lease in heartbeat.held():
            lease.stop(Reason.DRAINED)

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _open(self) -> None:
        self._publisher = Publisher()
        # The table of prices takes a fifth of a second to read, once; not while runs stream on this loop.
        self._prices = asyncio.create_task(asyncio.to_thread(pricing.price, settings.LLM_MODEL, Usage(), provider=""))
        self._ear = asyncio.create_task(_hear_cancellations())


async def _hear_cancellations() -> None:
    """Stop a run at once when its person asks; without Redis the heartbeat brings it within ten seconds."""
    while True:
        try:
            async with Redis.from_url(settings.REDIS_URL, decode_responses=True) as redis, redis.pubsub() as pubsub:
                await pubsub.subscribe(CANCELLATIONS)
                async for message in pubsub.listen():
                    if message["type"] == "message" and (lease := heartbeat.of_run(uuid.UUID(message["data"]))):
                        lease.stop(Reason.CANCELLED)
        except (RedisError, OSError) as error:
            logger.warning("Cancellations come by heartbeat only: Redis is away (%s).", type(error).__name__)
        await asyncio.sleep(1)


_worker: Worker | None = None
_making = threading.Lock()  # two first tasks at once must not make two loops


def worker() -> Worker:
    """This process's worker, made at its first task: after any fork, never at import."""
    global _worker
    with _making:
        if _worker is None:
            _worker = Worker()
        return _worker


@worker_shutting_down.connect
def _drain(**_: object) -> None:
    if _worker is not None:
        _worker.drain()
