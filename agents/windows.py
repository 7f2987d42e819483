"""What was asked and answered in a run, kept so that later conversations can find it, if nobody has ruled that out."""

import uuid

from django.utils import timezone

from agents import recalling
from agents.models import Message, Run, RunStatus
from memory.windows import Said, forget_windows_of_run, keep_windows


def keep_what_was_said(run: Run, asked: Message | None, *, answer_id: uuid.UUID, answer: str, said_before: str) -> None:
    """Of a completed run both, each beside what was said just before it; what it takes the place of is forgotten."""
    if run.replaces_id:
        forget_windows_of_run(run.replaces_id)
    if run.status != RunStatus.COMPLETED or asked is None or not recalling.may_learn(run):
        return
    assert run.user_id is not None
    agent = run.agent_version.agent
    keep_windows(
        [
            Said(asked.id, str(run.user), asked.text, asked.created_at),
            Said(answer_id, agent.name, answer, timezone.now()),
        ],
        user_id=run.user_id,
        agent_id=agent.id,
        thread_id=run.thread_id,
        run_id=run.id,
        before=said_before,
    )
