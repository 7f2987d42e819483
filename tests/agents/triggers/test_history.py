"""The history of triggers goes back as far as is set, and no further."""

from datetime import timedelta

import pytest
from django.db.models import F

from agents.models import Delivery, Firing, Run, RunStatus
from agents.triggers import history
from agents.triggers.firing import fire


@pytest.fixture
def old_firing(trigger):
    """One of a hundred days ago, whose run is over."""
    firing = fire(trigger(), body="Old.", delivery_id="old")
    Firing.objects.update(created_at=F("created_at") - timedelta(days=100))
    Run.objects.update(status=RunStatus.COMPLETED)
    return firing


def test_what_is_older_is_forgotten_and_what_it_started_is_not(old_firing):
    young = fire(old_firing.trigger, body="Young.", delivery_id="young")

    assert history.forget_old() == 1

    assert list(Firing.objects.all()) == [young]
    assert Run.objects.filter(pk=old_firing.run_id).exists()


def test_what_is_under_way_stays(old_firing):
    Run.objects.update(status=RunStatus.WAITING)

    assert history.forget_old() == 0


def test_an_answer_still_to_be_sent_stays(old_firing):
    Firing.objects.update(delivery=Delivery.PENDING)

    assert history.forget_old() == 0


def test_a_firing_that_started_nothing_is_forgotten_too(old_firing):
    Firing.objects.update(run=None, refusal="It was switched off.")

    assert history.forget_old() == 1


def test_nothing_is_forgotten_where_that_is_set(old_firing, settings):
    settings.TRIGGER_HISTORY_DAYS = 0

    assert history.forget_old() == 0
