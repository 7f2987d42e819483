"""Every pair of statuses: a run goes from one to the other, or it cannot."""

from itertools import product

import pytest
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from agents.models import Agent, ImpossibleMove, Run, RunStatus, Thread, WaitKind

DRAWN = {
    "queued": {"running", "cancelled"},
    "running": {"queued", "waiting", "completed", "failed", "cancelled", "dead"},
    "waiting": {"queued", "cancelled"},
    "dead": {"queued"},
    "completed": set(),
    "failed": set(),
    "cancelled": set(),
}
PAIRS = list(product(RunStatus, RunStatus))
ARROWS = [pair for pair in PAIRS if pair[1] in DRAWN[pair[0]]]
NO_ARROWS = [pair for pair in PAIRS if pair not in ARROWS]


def a_run(status: RunStatus) -> Run:
    """A run that stands there, and holds what a run there holds."""
    agent = Agent.objects.select_related("live").get(slug="assistant")
    held = {"lease_owner": uuid7(), "lease_expires_at": Now()} if status == RunStatus.RUNNING else {}
    waits = {"wait_kind": WaitKind.TIMER, "wake_at": Now()} if status == RunStatus.WAITING else {}
    thread = Thread.objects.create(agent=agent)
    return Run.objects.create(thread=thread, position=0, agent_version=agent.live, status=status, **held, **waits)


@pytest.mark.django_db
@pytest.mark.parametrize(("source", "target"), ARROWS)
def test_where_there_is_an_arrow_a_run_goes_once_and_lets_go_of_what_it_held(source, target):
    run = a_run(source)

    moves = [Run.objects.filter(pk=run.pk).move(source, target, turn=7) for _ in range(2)]

    run.refresh_from_db()
    assert moves == [1, 0]
    assert (run.status, run.turn) == (target, 7)
    assert (run.lease_owner, run.lease_expires_at) == (None, None)
    assert (run.wait_kind, run.wake_at) == ("", None)


@pytest.mark.django_db
@pytest.mark.parametrize(("source", "target"), NO_ARROWS)
def test_where_there_is_no_arrow_nothing_goes(source, target):
    run = a_run(source)

    with pytest.raises(ImpossibleMove):
        Run.objects.filter(pk=run.pk).move(source, target, turn=7)

    run.refresh_from_db()
    assert (run.status, run.turn) == (source, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(("source", "target"), ARROWS)
def test_an_arrow_takes_nobody_who_stands_elsewhere(source, target):
    elsewhere = [a_run(status) for status in RunStatus if status != source]

    moved = Run.objects.filter(pk__in=[run.pk for run in elsewhere]).move(source, target, turn=7)

    assert moved == 0
    assert not Run.objects.filter(pk__in=[run.pk for run in elsewhere], turn=7).exists()
