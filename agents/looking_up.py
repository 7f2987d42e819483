"""What an agent finds when it looks for what is known about its person: the work of the tool `recall`."""

import asyncio
import uuid
from functools import partial

from django.db import close_old_connections

from agents.llm import tokens
from agents.models import Run
from agents.recalling import background, may_recall
from memory.pausing import consent_of
from memory.recall import Recalled, overview, recall

MOST_TOKENS = 1_500


class NotKnown(Exception):
    """It was not looked up; the message says why, for the LLM to pass on."""


async def looked_up(run_id: uuid.UUID, query: str, *, agent_id: int | None) -> list[Recalled]:
    """What is known about the person that bears on the query, or without one what matters most. Raises NotKnown."""
    return await asyncio.get_running_loop().run_in_executor(background, partial(_look, run_id, query, agent_id))


def _look(run_id: uuid.UUID, query: str, agent_id: int | None) -> list[Recalled]:
    try:
        related = ("thread", "agent_version", "firing", "root__thread", "root__firing")
        run = Run.objects.select_related(*related).get(pk=run_id)
        person_id = _person_of(run)
        asking = agent_id or run.agent_version.agent_id
        if not query.strip():
            return overview(user_id=person_id, agent_id=asking)
        return recall(
            query,
            user_id=person_id,
            agent_id=asking,
            most_tokens=MOST_TOKENS,
            count_tokens=tokens.rough_count,
            besides_thread=run.shown_in,
        )
    finally:
        close_old_connections()


def _person_of(run: Run) -> int:
    if run.user_id is None or not may_recall(run):
        raise NotKnown("Nothing that is known about people may be used here.")
    if consent_of(run.user_id).is_paused:
        raise NotKnown("The person has paused their memory. They can resume it on their page of memories (/memory/).")
    return run.user_id
