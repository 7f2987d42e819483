"""Watching threads from a web process: one Redis subscription for all who watch there."""

import asyncio
import logging
import uuid

from redis.exceptions import RedisError

from agents.channels import KEEPALIVE, Batch, open_redis, thread_channel
from agents.watching import Gone, Have, Send, Watcher

__all__ = ["Gone", "Have", "Hub", "Send", "Watcher", "hub"]

POLL_SECONDS = 2.0
PATIENCE_SECONDS = 1.0  # nobody who sends a message waits longer than this for Redis

logger = logging.getLogger(__name__)


class Hub:
    """The one subscription of a web process. It belongs to the process's asyncio loop."""

    def __init__(self) -> None:
        self._redis = open_redis(patience=POLL_SECONDS)
        self._pubsub = self._redis.pubsub()
        self._watchers: dict[str, set[Watcher]] = {}
        self._is_connected = False
        self._changing = asyncio.Lock()
        self._listening = asyncio.create_task(self._listen_forever())

    async def watch(self, thread_id: uuid.UUID, send: Send) -> Watcher:
        """A watcher that already hears the thread's channel; call its `start` next."""
        channel = thread_channel(thread_id)
        watcher = Watcher(thread_id, send, self._redis)
        watchers = self._watchers.setdefault(channel, set())
        watchers.add(watcher)
        if len(watchers) == 1:
            await self._ask("subscribe", channel)
        return watcher

    async def leave(self, watcher: Watcher) -> None:
        watcher.stop()
        channel = thread_channel(watcher.thread_id)
        watchers = self._watchers.get(channel, set())
        watchers.discard(watcher)
        if not watchers and self._watchers.pop(channel, None) is not None:
            await self._ask("unsubscribe", channel)

    async def _ask(self, verb: str, channel: str) -> None:
        """Tell Redis, if it is there. If not, the next connection subscribes to all there is and reads all anew."""
        if not self._is_connected:
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._changing:
                if (verb == "subscribe") == (channel in self._watchers):  # nobody changed their mind meanwhile
                    await getattr(self._pubsub, verb)(channel)
        except (RedisError, OSError):
            logger.warning("Live updates wait: Redis is away.")

    async def _listen_forever(self) -> None:
        while True:
            try:
                await self._subscribe_again()
                await self._listen()
            except (RedisError, OSError) as error:
                logger.warning("Live updates wait: Redis is away (%s).", type(error).__name__)
            self._is_connected = False
            self._all_missed()
            await asyncio.sleep(POLL_SECONDS)

    async def _listen(self) -> None:
        """Hand out what comes. Raises as soon as Redis is away; a frozen one is one that leaves a ping unanswered."""
        is_asked = False
        while True:
            message = await self._pubsub.get_message(timeout=POLL_SECONDS)
            if message is None and is_asked:
                raise ConnectionError("no answer")
            is_asked = message is None
            if message is None:
                await self._pubsub.ping()
            elif message["type"] == "message":
                self._hand_out(message["channel"], Batch.unpacked(message["data"]))

    async def _subscribe_again(self) -> None:
        """A fresh connection; one channel is always kept, since a subscription without any ends."""
        await self._pubsub.aclose()
        self._pubsub = self._redis.pubsub()
        await self._pubsub.subscribe(KEEPALIVE)  # connects, which may take long: nobody waits for it
        async with self._changing:
            self._is_connected = True
            if self._watchers:
                await self._pubsub.subscribe(*self._watchers)
        self._all_missed()

    def _hand_out(self, channel: str, batch: Batch) -> None:
        for watcher in self._watchers.get(channel, ()):
            watcher.hear(batch)

    def _all_missed(self) -> None:
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.hear(None)


_hub: Hub | None = None


def hub() -> Hub:
    """This web process's hub, made on its loop when the first socket comes."""
    global _hub
    if _hub is None or _hub._listening.get_loop() is not asyncio.get_running_loop():
        _hub = Hub()
    return _hub
