"""Schedules: what fires when, once, however late."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from agents.models import Run, RunStatus, Trigger, TriggerKind
from agents.triggers import cron, schedule
from tests.agents.triggers.sending import question


@pytest.mark.parametrize(
    ("expression", "after", "then"),
    [
        ("30 8 * * mon-fri", "2026-11-20 09:00", "2026-11-23 08:30"),
        ("*/15 * * * *", "2026-11-20 09:00", "2026-11-20 09:15"),
        ("0 0 29 2 *", "2026-11-20 09:00", "2028-02-29 00:00"),
        ("0 12 1,15 * *", "2026-11-20 09:00", "2026-12-01 12:00"),
        ("0 12 13 * fri", "2026-11-20 12:00", "2026-11-27 12:00"),
        ("0 9 * * 7", "2026-11-20 09:00", "2026-11-22 09:00"),
        ("5/20 9-17/4 * jan sun", "2026-11-20 09:00", "2027-01-03 09:05"),
        ("30 2 29 3 *", "2026-11-20 09:00", "2027-03-29 02:30"),
        ("30 2 28 3 *", "2026-11-20 09:00", "2027-03-28 03:30"),  # skipped by summer time
    ],
)
def test_a_cron_expression_means_what_cron_means_by_it(expression, after, then):
    zone = ZoneInfo("Europe/Zurich")
    moment = datetime.fromisoformat(after).replace(tzinfo=zone)

    found = cron.read(expression).next_after(moment, zone)

    assert found.astimezone(zone).strftime("%Y-%m-%d %H:%M") == then


def test_an_hour_that_comes_twice_counts_once():
    zone = ZoneInfo("Europe/Zurich")  # on 2026-10-25 it is 2:30 at 0:30 and at 1:30 UTC
    first = cron.read("30 2 * * *").next_after(datetime(2026, 10, 24, 12, tzinfo=UTC), zone)

    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert cron.read("30 2 * * *").next_after(first, zone) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    ["* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * mun", "*/0 * * * *", "5-1 * * * *",
     "a * * * *", "1- * * * *", "@daily", ", * * * *"],
)  # fmt: skip
def test_what_is_no_cron_expression_is_refused_in_words(expression):
    with pytest.raises(cron.BadCron, match=r"\.$"):
        cron.read(expression)


def test_a_day_that_never_comes_has_no_next_time():
    assert cron.read("0 0 31 2 *").next_after(timezone.now(), ZoneInfo("UTC")) is None


def test_what_is_due_fires_once_however_late_and_is_set_anew(trigger, alice):
    clock = trigger(kind=TriggerKind.SCHEDULE, every_minutes=10, template="Report at {{ time }}.")
    Trigger.objects.update(next_at=timezone.now() - timedelta(hours=5))

    schedule.fire_due()
    schedule.fire_due()

    run = Run.objects.get()
    assert (run.user, question(run.pk)[:9]) == (alice, "Report at")
    clock.refresh_from_db()
    assert timedelta(minutes=9) < clock.next_at - timezone.now() <= timedelta(minutes=10)


def test_what_is_not_due_or_switched_off_does_not_fire(trigger):
    trigger(kind=TriggerKind.SCHEDULE, every_minutes=10)
    off = trigger(kind=TriggerKind.SCHEDULE, every_minutes=10, is_enabled=False)
    Trigger.objects.filter(pk=off.pk).update(next_at=timezone.now() - timedelta(hours=5))

    schedule.fire_due()

    assert not Run.objects.exists()


def test_a_schedule_waits_for_its_last_run_to_end(trigger):
    trigger(kind=TriggerKind.SCHEDULE, every_minutes=10, template="Report.")
    for _ in range(2):
        Trigger.objects.update(next_at=timezone.now())
        schedule.fire_due()
    assert Run.objects.count() == 1

    Run.objects.update(status=RunStatus.COMPLETED)
    Trigger.objects.update(next_at=timezone.now())
    schedule.fire_due()

    assert Run.objects.count() == 2


def test_one_that_cannot_fire_does_not_stop_the_others(trigger):
    broken = trigger(kind=TriggerKind.SCHEDULE, every_minutes=10)
    trigger(kind=TriggerKind.SCHEDULE, every_minutes=10, template="Still here.")
    Trigger.objects.filter(pk=broken.pk).update(cron="nonsense", every_minutes=None)
    Trigger.objects.update(next_at=timezone.now())

    schedule.fire_due()

    assert question(Run.objects.get().pk) == "Still here."
