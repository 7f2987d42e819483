"""Mail that agents send: really, to a server over a socket, and never twice by accident."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail

from agents.models import CallStatus
from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import all_tools

CONTEXT = ToolContext(user_id=None, run_id=uuid4(), idempotency_key=uuid4())


async def send(**changes: Any) -> ToolResult:
    asked = {"to": "ann@example.org", "subject": "Hello", "body": "Dear Ann"} | changes
    return await all_tools()["send_email"].call(json.dumps(asked), CONTEXT)


async def test_a_message_is_sent_with_an_id_that_stays_the_same():
    result = await send()

    (message,) = mail.outbox
    assert result.text == "Sent to ann@example.org."
    assert (message.to, message.subject, message.body) == (["ann@example.org"], "Hello", "Dear Ann")
    assert message.message()["Message-ID"] == f"<{CONTEXT.idempotency_key}@plumbline>"


@pytest.mark.parametrize(
    "changes",
    [{"to": "ann"}, {"to": "a@example.org, b@example.org"}, {"subject": "Hello\nBcc: all@example.org"}, {"body": ""}],
)
async def test_what_is_no_message_is_refused_before_anybody_is_asked(changes):
    assert (await send(**changes)).status == CallStatus.INVALID
    assert mail.outbox == []


async def test_without_a_mail_server_it_says_that_nothing_was_sent(settings, capsys):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

    result = await send()

    assert "not sent" in result.text
    assert "Dear Ann" in capsys.readouterr().out


async def test_a_server_that_takes_it_has_it(settings):
    async with smtp_server(settings) as received:
        result = await send()

    assert result.status == CallStatus.SUCCEEDED
    assert b"Subject: Hello" in b"".join(received)


async def test_a_recipient_the_server_refuses_means_that_nothing_was_sent(settings):
    async with smtp_server(settings, answers={b"RCPT": b"550 Nobody of that name"}):
        result = await send()

    assert result.status == CallStatus.FAILED
    assert "Nobody of that name" in result.text


async def test_a_server_that_is_not_there_means_that_nothing_was_sent(settings):
    async with smtp_server(settings):
        pass

    assert (await send()).status == CallStatus.FAILED


async def test_a_connection_that_breaks_after_the_text_leaves_the_outcome_unknown(settings):
    async with smtp_server(settings, answers={b".": b""}):
        result = await send()

    assert result.status == CallStatus.OUTCOME_UNKNOWN


@asynccontextmanager
async def smtp_server(settings: Any, *, answers: dict[bytes, bytes] | None = None) -> AsyncIterator[list[bytes]]:
    """A mail server that takes everything, but for what `answers` say; an empty one hangs up. Yields what it heard."""
    received: list[bytes] = []
    said = {b"DATA": b"354 Go on"} | (answers or {})

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        is_text = False
        while line := await reader.readline():
            received.append(line)
            verb = line.strip().split(b" ")[0].upper()
            if is_text and verb != b".":
                continue
            answer = said.get(verb, b"250 fine")
            is_text = verb == b"DATA"
            if not answer:
                break
            writer.write(answer + b"\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.sockets[0].getsockname()
    yield received
    server.close()
