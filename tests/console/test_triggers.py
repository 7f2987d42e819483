"""Triggers in the console: who makes them, in whose name, what is refused, and what is shown once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import User
from agents.models import Agent, Firing, Message, Run, Trigger, TriggerKind
from agents.triggers.firing import fire
from agents.triggers.keys import give_keys, trigger_of
from tests.cast import person

ClientOf = Callable[[User], Client]
LIST = "/admin/agents/trigger/"


def typed(run_as: User, **fields: str) -> dict[str, str]:
    """The form as a person sends it."""
    given = {
        "name": "Tickets",
        "agent": str(Agent.objects.get(slug="assistant").pk),
        "run_as": str(run_as.pk),
        "is_enabled": "on",
        "kind": "webhook",
        "needs_signature": "on",
        "template": "Look: {{ payload }}",
        "cron": "",
        "every_minutes": "",
        "time_zone": "Europe/Zurich",
        "deliver": "not",
        "deliver_to": "",
    }
    return given | fields


def a_trigger(run_as: User, **fields: object) -> Trigger:
    agent = Agent.objects.get(slug="assistant")
    trigger = Trigger(**{"name": "Tickets", "agent": agent, "run_as": run_as, "created_by": run_as} | fields)  # type: ignore[arg-type]
    give_keys(trigger)
    trigger.save()
    return trigger


def complaints(client: Client, given: dict[str, str]) -> dict[str, list[str]]:
    answer = client.post(f"{LIST}add/", given)
    assert answer.status_code == 200
    assert not Trigger.objects.exists()
    return dict(answer.context["adminform"].form.errors)


def test_a_new_webhook_shows_its_keys_once(console: Client, olga: User) -> None:
    answer = console.post(f"{LIST}add/", typed(olga))

    trigger = Trigger.objects.get()
    page = answer.content.decode()
    token = re.search(r"/hooks/([\w-]{22,})/", page)
    assert token and trigger_of(token[1]) == trigger
    assert "no-store" in answer["Cache-Control"]
    assert (trigger.created_by, trigger.run_as) == (olga, olga)
    again = console.get(f"{LIST}{trigger.pk}/change/").content.decode()
    assert token[1] not in again
    assert f"/hooks/{token[1][:6]}…/" in again


def test_new_keys_replace_the_old_ones(console: Client, olga: User) -> None:
    trigger = a_trigger(olga)
    before = trigger.token_digest
    assert "new keys?" in console.get(f"{LIST}{trigger.pk}/keys/").content.decode()
    trigger.refresh_from_db()
    assert trigger.token_digest == before

    page = console.post(f"{LIST}{trigger.pk}/keys/").content.decode()

    token = re.search(r"/hooks/([\w-]{22,})/", page)
    assert token and trigger_of(token[1]) == trigger
    trigger.refresh_from_db()
    assert trigger.token_digest != before
    assert LogEntry.objects.get().change_message == "Gave it new keys"


def test_a_schedule_says_when_it_fires_next(console: Client, olga: User) -> None:
    given = typed(olga, kind="schedule", cron="30 8  * * MON-FRI", template="Report.")

    page = console.post(f"{LIST}add/", given, follow=True).content.decode()

    trigger = Trigger.objects.get()
    assert trigger.cron == "30 8 * * MON-FRI"
    assert trigger.next_at and trigger.next_at > timezone.now()
    assert page.count(", 08:30") == 5
    assert "(Europe/Zurich)" in page


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"template": "{{ secrets }}"}, "template", "means nothing here"),
        ({"template": "  "}, "template", "Say what"),
        ({"kind": "schedule", "template": "Go."}, "cron", "one of the two"),
        ({"kind": "schedule", "template": "Go.", "cron": "* * * * *", "every_minutes": "5"}, "cron", "one of the two"),
        ({"kind": "schedule", "template": "Go.", "cron": "61 * * * *"}, "cron", "not between 0 and 59"),
        ({"kind": "schedule", "template": "Go.", "cron": "0 0 31 2 *"}, "cron", "no such day"),
        ({"kind": "schedule", "template": "{{ payload }}", "every_minutes": "5"}, "template", "Nothing is sent"),
        ({"kind": "schedule", "template": "Go.", "every_minutes": "0"}, "every_minutes", "greater than"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "no time zone"),
        ({"deliver": "post", "deliver_to": "http://127.0.0.1/"}, "deliver_to", "not an address of the open net"),
        ({"deliver": "post"}, "deliver_to", "must begin with"),
        ({"deliver": "mail", "deliver_to": "eve@example.org"}, "deliver", "No mail server"),
        ({"deliver": "mail", "deliver_to": "eve"}, "deliver_to", "not an e-mail address"),
        ({"agent": "0"}, "agent", "valid choice"),
    ],
)
def test_what_cannot_work_is_refused_beside_its_field(
    console: Client, olga: User, given: dict[str, str], field: str, words: str
) -> None:
    assert words in str(complaints(console, typed(olga, **given))[field])


def test_mail_is_offered_where_there_is_a_mail_server(console: Client, olga: User, settings: Any) -> None:
    settings.MAIL_SERVER = {"EMAIL_HOST": "mail.example.org"}

    console.post(f"{LIST}add/", typed(olga, deliver="mail", deliver_to="eve@example.org, bob@example.org"))

    assert Trigger.objects.get().deliver == "mail"


def test_fire_now_starts_a_run_with_what_was_typed(console: Client, olga: User) -> None:
    trigger = a_trigger(olga, template="Look: {{ payload.title }}", is_enabled=False)
    assert "Fire Tickets now?" in console.get(f"{LIST}{trigger.pk}/fire/").content.decode()
    assert not Firing.objects.exists()

    page = console.post(f"{LIST}{trigger.pk}/fire/", {"payload": '{"title": "Smoke"}'}, follow=True).content.decode()

    run = Run.objects.get()
    assert (run.user, Message.objects.get(run=run).text) == (olga, "Look: Smoke")
    assert f"/admin/observability/trace/{run.pk}/change/" in page
    assert "Fired." in page


def test_a_firing_that_cannot_start_says_why_and_loses_nothing(console: Client, olga: User) -> None:
    trigger = a_trigger(olga)
    Agent.objects.update(is_enabled=False)

    answer = console.post(f"{LIST}{trigger.pk}/fire/", {"payload": "Smoke"})

    assert answer.status_code == 409
    assert "is switched off" in answer.content.decode()
    assert "Smoke</textarea>" in answer.content.decode()
    assert "Not started" in console.get(f"{LIST}{trigger.pk}/change/").content.decode()


def test_it_is_switched_off_and_on_from_the_list(console: Client, olga: User) -> None:
    trigger = a_trigger(olga, kind=TriggerKind.SCHEDULE, every_minutes=5, template="Go.")
    chosen = {"_selected_action": [str(trigger.pk)]}

    console.post(LIST, {"action": "switch_off"} | chosen)
    trigger.refresh_from_db()
    assert (trigger.is_enabled, trigger.next_at) == (False, None)

    console.post(LIST, {"action": "switch_on"} | chosen)
    trigger.refresh_from_db()
    assert trigger.is_enabled and trigger.next_at


def test_nobody_makes_a_trigger_in_another_persons_name(console: Client, olga: User, dana: User) -> None:
    assert "valid choice" in str(complaints(console, typed(dana))["run_as"])


def test_an_administrator_does(dana: User, alice: User, client_of: ClientOf) -> None:
    client_of(dana).post(f"{LIST}add/", typed(alice))

    assert Trigger.objects.get().run_as == alice


def test_what_runs_as_another_person_is_read_and_not_touched(console: Client, alice: User) -> None:
    trigger = a_trigger(alice)
    fire(trigger, body="Smoke")
    page = console.get(f"{LIST}{trigger.pk}/change/")
    assert page.status_code == 200
    assert "only Alice and administrators change it" in page.content.decode()

    answers = [
        console.post(f"{LIST}{trigger.pk}/change/", typed(alice, template="Pay me")),
        console.post(f"{LIST}{trigger.pk}/fire/", {"payload": "Pay me"}),
        console.post(f"{LIST}{trigger.pk}/keys/"),
        console.post(f"{LIST}{trigger.pk}/delete/", {"post": "yes"}),
    ]
    console.post(LIST, {"action": "switch_off", "_selected_action": [str(trigger.pk)]})
    console.post(LIST, {"action": "delete_selected", "_selected_action": [str(trigger.pk)], "post": "yes"})

    assert [answer.status_code for answer in answers] == [403] * 4
    kept = Trigger.objects.get()
    assert (kept.template, kept.is_enabled, kept.token_digest) == ("{{ payload }}", True, trigger.token_digest)
    assert Run.objects.count() == 1


def test_staff_without_the_permission_sees_no_trigger(olga: User, client_of: ClientOf) -> None:
    trigger = a_trigger(olga)
    rita = client_of(person("Rita", is_staff=True))

    for page in (LIST, f"{LIST}add/", f"{LIST}{trigger.pk}/change/", f"{LIST}{trigger.pk}/fire/"):
        assert rita.get(page).status_code == 403


def test_who_is_not_of_the_staff_is_sent_to_log_in(olga: User, alice: User, client_of: ClientOf) -> None:
    trigger = a_trigger(olga)

    assert client_of(alice).post(f"{LIST}{trigger.pk}/fire/", {"payload": "x"}).status_code == 302
    assert not Run.objects.exists()


def test_the_history_has_further_pages(console: Client, olga: User) -> None:
    trigger = a_trigger(olga)
    for number in range(51):
        fire(trigger, body=f"{number}", delivery_id=f"number-{number}-")

    first = console.get(f"{LIST}{trigger.pk}/change/")
    second = console.get(f"{LIST}{trigger.pk}/change/" + first.context["paged"].older).content.decode()

    assert "number-50-" in first.content.decode()
    assert "number-0-" in second
    assert "number-50-" not in second
