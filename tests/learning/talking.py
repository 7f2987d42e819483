"""Conversations as they stand when nobody has spoken for a while, and readers of them."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from agents import actions
from agents.learning import job
from agents.models import Agent, AgentVersion, Message, Role, Run, RunStatus, StopReason, Thread

A_WHILE = timedelta(minutes=3)


def agent(slug: str = "listener", **memory: Any) -> Agent:
    """An agent of that name, live, whose version says this of memory."""
    found, _ = Agent.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
    number = found.versions.count() + 1
    found.live = AgentVersion.objects.create(agent=found, number=number, instructions="Listen.", memory=memory)
    found.save()
    return found


def conversation(user: User, *said: str, listener: Agent | None = None, **thread: Any) -> Thread:
    """A conversation in which a person said this, each answered, and that is quiet now."""
    talk = Thread.objects.create(owner=user, agent=listener or agent(), **thread)
    for text in said:
        say(talk, text)
    return talk


def say(talk: Thread, text: str, *, answer: str = "I see.", at: datetime | None = None, **run: Any) -> Run:
    """One more question of its person, answered and quiet."""
    assert talk.owner
    return answered(actions.start_run(thread=talk, user=talk.owner, text=text), answer, at=at, **run)


def answered(run: Run, answer: str = "I see.", *, at: datetime | None = None, **changes: Any) -> Run:
    """The run as a worker leaves it, a while ago."""
    Message.objects.create(run=run, position=1, role=Role.ASSISTANT, text=answer)
    ended = {"status": RunStatus.COMPLETED, "stop_reason": StopReason.FINAL, "finished_at": timezone.now() - A_WHILE}
    Run.objects.filter(pk=run.pk).update(**(ended | changes))
    if at:
        Message.objects.filter(run=run).update(created_at=at)
    return Run.objects.get(pk=run.pk)


def note(n: int, quote: str, text: str, **about: Any) -> dict[str, Any]:
    """One item as an LLM writes it down."""
    usual = {
        "kind": "fact", "subject": "user", "key": "", "value": "", "importance": 3, "confidence": 0.9,
        "valid_from": None, "valid_to": None,
    }  # fmt: skip
    return {"n": n, "quote": quote, "text": text} | usual | about


def notes(*items: dict[str, Any]) -> str:
    return json.dumps({"memories": list(items)})


def read_once(arguments: list[str]) -> None:
    """What a worker's process does when the bell for learning rings."""
    job.learn_waiting()
