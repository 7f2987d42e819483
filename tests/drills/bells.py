"""The queue of doorbells, as a broker that loses, repeats and mixes up messages has it."""

import base64
import json
from typing import Any

from django.conf import settings
from redis import Redis

from config.celery import app as celery

QUEUE = settings.CELERY["broker_transport_options"].get("global_keyprefix", "") + "celery"


def ring(run: str, times: int = 1) -> None:
    for _ in range(times):
        celery.send_task("agents.advance", args=[run])


def waiting() -> list[str]:
    """The runs that are rung for and whose bell no worker has taken, the next one first."""
    return [json.loads(_body(message))[0][0] for message in _messages() if _is_bell(message)]


def lose() -> None:
    _redis().delete(QUEUE)


def reverse() -> None:
    """The last one rung comes first."""
    messages = _messages()
    with _redis().pipeline(transaction=True) as pipeline:
        pipeline.delete(QUEUE)
        pipeline.rpush(QUEUE, *messages)
        pipeline.execute()


def _messages() -> list[bytes]:
    """The next one first: they are pushed at the left and popped at the right."""
    return list(reversed(_redis().lrange(QUEUE, 0, -1)))


def _is_bell(message: bytes) -> bool:
    return bool(json.loads(message)["headers"]["task"] == "agents.advance")


def _body(message: bytes) -> Any:
    return base64.b64decode(json.loads(message)["body"])


def _redis() -> Any:
    return Redis.from_url(settings.REDIS_URL)
