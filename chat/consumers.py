"""The socket: read a command, call one action, answer it; forward what the watched threads say."""

import asyncio
import json
import uuid
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from accounts.models import User
from accounts.sessions import still_logged_in
from agents import actions as runs
from agents import approvals, follow
from agents.actions import Refused
from agents.database import in_database
from agents.follow import Gone, Have, Watcher
from agents.models import Run
from chat import actions
from chat.commands import (
    CancelRun,
    Command,
    DecideApproval,
    EditQuestion,
    Got,
    Ping,
    RetryRun,
    StartRun,
    Subscribe,
    WithdrawQuestion,
    frame,
)
from chat.models import Conversation
from chat.window import TooSlow, Window

NOT_LOGGED_IN = 4401
TOO_SLOW = 4408
MOST_WATCHED = 20
NO_CONVERSATION = "There is no such conversation."
NO_RUN = "There is no such answer."
BUSY = "Plumbline cannot take this right now. Nothing was kept; try again in a moment."


class ChatConsumer(AsyncWebsocketConsumer):
    user: User

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Without the trip to another thread by which Channels clears up before each frame: `in_database` does it."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(code=NOT_LOGGED_IN)
            return
        self.user = user
        self._watchers: dict[uuid.UUID, Watcher] = {}
        self._answering = asyncio.Lock()
        self._window = Window()
        self._checking = asyncio.create_task(self._close_when_logged_out())

    async def disconnect(self, code: int) -> None:
        if not hasattr(self, "user"):
            return
        self._checking.cancel()
        for watcher in self._watchers.values():
            await follow.hub().leave(watcher)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            await self._hear(text_data or "")
        except TooSlow:
            await self.close(code=TOO_SLOW)

    async def _hear(self, text: str) -> None:
        try:
            said = frame.validate_json(text)
        except ValidationError as error:
            await self._answer("nack", id=_id_of(text), error=_complaint(error))
            return
        if isinstance(said, Got):
            self._window.got(said.frames)
        else:
            await self._obey(said)

    async def _obey(self, asked: Command) -> None:
        try:
            await self._do(asked)
        except Refused as refusal:
            await self._answer("nack", id=asked.id, error=str(refusal))
        except (OperationalError, InterfaceError):
            await self._answer("nack", id=asked.id, error=BUSY)

    async def _do(self, asked: Command) -> None:
        match asked:
            case StartRun():
                await self._start_run(asked)
            case CancelRun():
                run = await in_database(self._run, asked.run_id)
                await in_database(runs.cancel_run, run)
                await self._ack(asked, run)
            case RetryRun():
                run = await in_database(self._run, asked.run_id)
                await self._ack(asked, await in_database(runs.retry_run, run=run, user=self.user))
            case EditQuestion():
                run = await in_database(self._run, asked.run_id)
                await self._ack(asked, await in_database(runs.edit_question, run=run, text=asked.text))
            case WithdrawQuestion():
                run = await in_database(self._run, asked.run_id)
                await in_database(runs.withdraw_question, run)
                await self._ack(asked, run)
            case DecideApproval():
                await self._ack(asked, await in_database(self._decide, asked))
            case Subscribe():
                await self._subscribe(asked)
            case Ping():
                await self._answer("ack", id=asked.id)

    async def _start_run(self, asked: StartRun) -> None:
        thread_id = asked.thread_id or uuid7()
        if asked.thread_id is None:
            # Watched before the question is there, so that no event is missed and there is nothing to read.
            (await self._watch(thread_id)).start_new()
        try:
            run = await self._send_message(asked, thread_id)
        except BaseException:
            if asked.thread_id is None:
                await self._unwatch(thread_id)
            raise
        if run.thread_id != thread_id:  # asked before, in the conversation it opened then
            await self._unwatch(thread_id)
        if run.thread_id not in self._watchers:
            (await self._watch(run.thread_id)).start(None)

    async def _send_message(self, asked: StartRun, thread_id: uuid.UUID) -> Run:
        async with self._answering:  # the run's first events wait for its acknowledgement
            run = await in_database(
                actions.send_message,
                user=self.user,
                text=asked.text,
                request_id=asked.id,
                thread_id=thread_id,
                is_new=asked.thread_id is None,
                agent_slug=asked.agent,
                version=asked.version,
                is_temporary=asked.temporary,
                document_ids=asked.attachments,
            )
            await self._ack(asked, run)
        return run

    async def _subscribe(self, asked: Subscribe) -> None:
        if not await in_database(self._may_see, asked.thread_id):
            raise Refused(NO_CONVERSATION)
        if asked.thread_id not in self._watchers and len(self._watchers) >= MOST_WATCHED:
            await self._unwatch(next(iter(self._watchers)))
        await self._unwatch(asked.thread_id)
        watcher = await self._watch(asked.thread_id)
        live = await in_database(self._live_run, asked.thread_id)
        await self._answer("ack", id=asked.id, threadId=str(asked.thread_id), runId=str(live.id) if live else None)
        run_id = asked.run_id or (live.id if live else None)
        have = Have(str(run_id), asked.after, asked.epoch) if run_id and asked.after is not None else None
        watcher.start(have, queued=asked.queued)

    async def _watch(self, thread_id: uuid.UUID) -> Watcher:
        watcher = self._watchers[thread_id] = await follow.hub().watch(thread_id, self._forward)
        return watcher

    async def _unwatch(self, thread_id: uuid.UUID) -> None:
        if watcher := self._watchers.pop(thread_id, None):
            await follow.hub().leave(watcher)

    async def _forward(self, frames: tuple[str, ...]) -> None:
        try:
            for frame in frames:
                await self._window.room()
                async with self._answering:
                    await self._send(frame)
        except TooSlow:
            await self.close(code=TOO_SLOW)
            raise Gone from None

    async def _send(self, frame: str) -> None:
        self._window.sent(frame)
        await self.send(text_data=frame)

    async def _ack(self, asked: Command, run: Run) -> None:
        await self._answer("ack", id=asked.id, threadId=str(run.thread_id), runId=str(run.id))

    async def _answer(self, kind: str, **fields: Any) -> None:
        await self._send(json.dumps({"type": kind, **fields}))

    async def _close_when_logged_out(self) -> None:
        while True:
            await asyncio.sleep(settings.SOCKET_CHECK_SECONDS)
            try:
                user = await in_database(still_logged_in, self.scope)
            except (OperationalError, InterfaceError):
                continue
            if user is None:
                await self.close(code=NOT_LOGGED_IN)
                return
            self.user = user  # what they may do may have changed

    def _may_see(self, thread_id: uuid.UUID) -> bool:
        return Conversation.objects.visible_to(self.user).filter(pk=thread_id).exists()

    def _run(self, run_id: uuid.UUID) -> Run:
        mine = Run.objects.filter(thread__conversation__in=Conversation.objects.visible_to(self.user))
        run = mine.filter(pk=run_id).first()
        if run is None:
            raise Refused(NO_RUN)
        return run

    def _decide(self, asked: DecideApproval) -> Run:
        approval = approvals.decide(
            approval_id=asked.approval_id,
            by=self.user,
            verdict=asked.decision,
            arguments=asked.args,
            comment=asked.comment,
            seen_digest=asked.digest,
        )
        return approval.run

    def _live_run(self, thread_id: uuid.UUID) -> Run | None:
        return Run.objects.filter(thread=thread_id).unfinished().order_by("position").first()


def _id_of(text: str) -> str | None:
    try:
        found = json.loads(text).get("id")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"][1:]))  # after the type of the command
    return f"This command is not understood ({place[:60] or 'command'}: {first['msg']})."
