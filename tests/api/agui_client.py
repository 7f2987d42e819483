"""An AG-UI client as the tests talk with it."""

from typing import Any
from uuid import uuid4

from accounts.models import Scope, User
from tests.api.programs import token_for
from tests.api.streams import Event, Stream
from tests.stack import Stack


class Client:
    """An AG-UI client with one thread."""

    def __init__(self, stack: Stack, user: User, *scopes: Scope, thread: str | None = None, agent: str = "") -> None:
        self._url = stack.url
        self._token = token_for(user, *scopes)
        self._path = f"/api/ag-ui/{agent}".rstrip("/")
        self.thread = thread or f"thread {uuid4()}"

    def run(
        self, text: str = "", *, run: str = "", resume: list[Any] | None = None, at: str | None = None, **more: Any
    ) -> Stream:
        messages = [{"id": str(uuid4()), "role": "user", "content": text}] if text else []
        body = {"threadId": self.thread, "runId": run or str(uuid4()), "messages": messages, **more}
        if resume is not None:
            body["resume"] = resume
        return Stream(self._url, self._token, self._path, body=body, last_event_id=at)

    def answer(self, interrupt: Event, **payload: Any) -> Stream:
        return self.run(resume=[{"interruptId": interrupt["id"], "status": "resolved", "payload": payload}])
