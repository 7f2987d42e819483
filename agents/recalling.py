"""What an answer is reminded of: who may be reminded at all, and what was found for them, once a run."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from django.db import Error, close_old_connections

from agents.context import Recollection, Reminding, RunContext
from agents.fences import without_files
from agents.llm import tokens
from agents.memory_settings import MemorySettings
from agents.models import Run
from agents.transcript import Question
from memory import procedures
from memory.procedures import Fitting
from memory.recall import Recalled, is_anything_known, recall
from memory.uses import uses_of

MOST_SECONDS = 5.0  # an answer does not wait longer for what it might be reminded of

# Not the database's threads: the model that reads a question takes longer than those should wait.
background = ThreadPoolExecutor(max_workers=4, thread_name_prefix="recall")

logger = logging.getLogger(__name__)


def may_recall(run: Run) -> bool:
    """Whether what is known about the person may be used in this run: not where nobody is there to be answered.

    A child agent's run follows its root in this, and its own version too. Whether the person has paused their memory
    is asked where it is read.
    """
    return _is_personal(run.root or run) and _settings(run).recalls


def may_learn(run: Run) -> bool:
    """Whether what was said in this run may be kept: only a person's own words, to an agent that learns.

    Whether the person has paused their memory is asked where it is written.
    """
    return run.root_id is None and _is_personal(run) and _settings(run).learns


def _is_personal(run: Run) -> bool:
    return run.user_id is not None and not run.thread.is_temporary and not was_triggered(run)


def was_triggered(run: Run) -> bool:
    """A webhook or a schedule began it; its answer goes elsewhere, or nowhere."""
    return getattr(run, "firing", None) is not None


def _settings(run: Run) -> MemorySettings:
    return MemorySettings.model_validate(run.agent_version.memory)


def standing(run: Run) -> tuple[Recollection, Reminding]:
    """What a run was reminded of already, and what it may still look for; for most people two statements and nothing.

    A run that another worker began is reminded of the same things.
    """
    person_id = run.user_id if may_recall(run) else None
    knows = person_id is not None and is_anything_known(person_id, besides_thread=run.shown_in)
    follows = _settings(run).follows_procedures and (
        run.epoch > 1 or procedures.is_any(user_id=person_id, agent_id=run.agent_version.agent_id)
    )
    memories = uses_of([run.id]).get(run.id, []) if knows else []
    told = procedures.uses_of([run.id]).get(run.id, []) if follows else []
    if memories or told:
        return Recollection(tuple(memories), tuple(told)), Reminding()
    return Recollection(), Reminding(knows, follows, person_id)


async def found_for(ctx: RunContext) -> Recollection:
    """What bears on the question. Looking may take a while and may fail: the answer then does without."""
    looking = asyncio.get_running_loop().run_in_executor(background, _look, ctx)
    try:
        return await asyncio.wait_for(looking, MOST_SECONDS)
    except TimeoutError:
        logger.warning("Run %s goes without memories: looking took longer than %s s.", ctx.run_id, MOST_SECONDS)
    except Error as error:
        logger.warning("Run %s goes without memories: the database failed (%s).", ctx.run_id, error)
    return Recollection()


def _look(ctx: RunContext) -> Recollection:
    close_old_connections()
    try:
        return Recollection(
            tuple(_memories(ctx)) if ctx.reminding.of_memories else (),
            tuple(_procedures(ctx)) if ctx.reminding.of_procedures else (),
        )
    finally:
        close_old_connections()


def _memories(ctx: RunContext) -> list[Recalled]:
    assert ctx.reminding.person_id is not None
    return recall(
        _question(ctx),
        user_id=ctx.reminding.person_id,
        agent_id=ctx.agent.id,
        most_tokens=ctx.agent.memory.recall_tokens,
        count_tokens=tokens.rough_count,
        besides_thread=ctx.shown_in,
    )


def _procedures(ctx: RunContext) -> list[Fitting]:
    return procedures.relevant(
        _question(ctx),
        user_id=ctx.reminding.person_id,
        agent_id=ctx.agent.id,
        count_tokens=tokens.rough_count,
    )


def _question(ctx: RunContext) -> str:
    asked = next((entry.text for entry in reversed(ctx.transcript) if isinstance(entry, Question)), "")
    return without_files(asked)
