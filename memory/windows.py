"""What was said in earlier conversations, kept so that it can be found: each message with what came just before it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from memory.models import Window
from memory.models.memories import LONGEST_WINDOW

BEFORE = 800  # characters of what was said before that help to understand it

KEEP = """
INSERT INTO memory_window (message_id, user_id, agent_id, thread_id, run_id, text, said_at)
SELECT said.message_id, %(user_id)s, %(agent_id)s, %(thread_id)s, %(run_id)s, said.text, said.said_at
  FROM unnest(%(messages)s::uuid[], %(texts)s::text[], %(moments)s::timestamptz[]) AS said(message_id, text, said_at)
 WHERE NOT EXISTS (SELECT 1 FROM memory_memorypreference WHERE user_id = %(user_id)s AND is_paused)
ON CONFLICT (message_id) DO NOTHING
"""


@dataclass(frozen=True)
class Said:
    """One message of a conversation, and who said it."""

    message_id: uuid.UUID
    speaker: str
    text: str
    said_at: datetime


def keep_windows(
    said: Sequence[Said], *, user_id: int, agent_id: int, thread_id: uuid.UUID, run_id: uuid.UUID, before: str = ""
) -> None:
    """Keep the messages of a run, each once however often it is told; nothing for a person whose memory is paused.

    `before` is what was said before the first of them.
    """
    texts = []
    for message in said:
        spoken = f"{message.speaker}: {message.text}"
        texts.append(window_text(spoken, before=before, said_at=message.said_at))
        before = spoken
    values: dict[str, Any] = {
        "user_id": user_id,
        "agent_id": agent_id,
        "thread_id": thread_id,
        "run_id": run_id,
        "messages": [message.message_id for message in said],
        "texts": texts,
        "moments": [message.said_at for message in said],
    }
    with connection.cursor() as cursor:
        cursor.execute(KEEP, values)


def window_text(spoken: str, *, before: str, said_at: datetime) -> str:
    """What is searched: the date, the end of what came before, and the message."""
    parts = [dated(said_at), before.strip()[-BEFORE:], spoken.strip()]
    return "\n".join(part for part in parts if part)[:LONGEST_WINDOW]


def dated(said_at: datetime) -> str:
    """How a window begins."""
    return f"({said_at:%-d %B %Y})"


def forget_windows_of_run(run_id: uuid.UUID) -> None:
    """Leave out what was said in a run that another one replaced."""
    Window.objects.filter(run_id=run_id).delete()


def forget_windows_of_thread(user_id: int, thread_id: uuid.UUID) -> None:
    """Let nothing that was said in a thread be found any more."""
    Window.objects.filter(user=user_id, thread_id=thread_id).delete()
