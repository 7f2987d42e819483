"""The job in processes of its own: asked for in the console, and killed just before it commits."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from agents.models import Agent, Reflection, ReflectionStatus
from agents.reflecting.job import reflect
from memory.models import Procedure, ProcedureEvidence
from tests.agents.reflecting.log import REFUNDS, TWO_STEPS, an_agent, an_answer


def reflect_on(arguments: list[str]) -> None:
    """In a process of its own."""
    reflect(Agent.objects.get(slug=arguments[0]))


def test_reflect_now_has_a_worker_look(live_stack: Any, alice: User, bob: User, dana: User, client_of: Any) -> None:
    agent = an_agent("asked-about-hotels")
    for question, person in zip(REFUNDS, (alice, bob) * 2, strict=True):
        an_answer(agent, person, question, *TWO_STEPS)

    client_of(dana).post("/admin/memory/procedure/reflect/", {"agent": agent.pk})
    done = Reflection.objects.filter(agent=agent, status=ReflectionStatus.DONE)
    live_stack.until(done.exists, "a worker has looked")

    assert (done.get().by, done.get().proposed) == (dana, 1)
    page = client_of(dana).get("/admin/memory/procedure/").content.decode()
    assert "Requests about hotel, booking" in page


def test_a_reflection_that_was_killed_is_begun_anew(live_stack: Any, alice: User, bob: User, settings: Any) -> None:
    settings.REFLECTION, settings.EMBEDDING_MODEL = "patterns", "none"
    agent = an_agent("often-asked")
    for question, person in zip(REFUNDS, (alice, bob) * 2, strict=True):
        an_answer(agent, person, question, *TWO_STEPS)

    name = "tests.agents.reflecting.test_crashes:reflect_on"
    doomed = live_stack.fork("reflecting", name, [agent.slug], fault="before_reflection_commit")
    doomed.may_end = True
    live_stack.until(lambda: not doomed.is_running, "it is killed")

    mine = Procedure.objects.filter(agent_id=agent.pk)
    assert not mine.exists()
    assert reflect(agent) is None  # for all anybody knows it is still at work
    Reflection.objects.filter(agent=agent).update(started_at=timezone.now() - timedelta(hours=1))

    again = reflect(agent)

    assert again and (again.status, again.proposed) == (ReflectionStatus.DONE, 1)
    assert ProcedureEvidence.objects.filter(procedure=mine.get()).count() == 4
