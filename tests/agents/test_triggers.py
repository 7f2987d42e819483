"""Webhooks and schedules: who gets in, what is asked, once for each delivery, and where the answer goes."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread as SystemThread
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from agents.models import Agent, Deliver, Delivery, Firing, Message, Role, Run, RunStatus, Trigger, TriggerKind
from agents.triggers import cron, delivery, schedule
from agents.triggers.firing import fire
from agents.triggers.keys import give_keys, signature
from agents.triggers.post import NotTaken, post, problem_of_url
from agents.triggers.templates import filled, problem_of
from tests.agents.running import at_rest

BODY = json.dumps({"issue": {"title": "The printer is on fire", "labels": ["hot"]}, "count": 3})


@pytest.fixture
def trigger(alice):
    """Makes a trigger that runs as Alice; its keys stand in `keys`."""

    def made(**fields):
        agent = Agent.objects.get(slug="assistant")
        given = {"name": f"Trigger {Trigger.objects.count()}", "agent": agent, "run_as": alice, "created_by": alice}
        trigger = Trigger(**given | fields)
        trigger.keys = give_keys(trigger)
        schedule.set_clock(trigger)
        trigger.save()
        return trigger

    return made


def sent(trigger, body=BODY, *, secret=None, timestamp="", delivery="", **headers):
    """The answer to a signed request, as GitHub and others send it."""
    signed = f"{timestamp}.{body}" if timestamp else body
    made = hmac.new((secret or trigger.keys.secret).encode(), signed.encode(), hashlib.sha256).hexdigest()
    given = {"X-Signature-256": f"sha256={made}", "X-Timestamp": timestamp, "X-Delivery-Id": delivery} | headers
    path = f"/hooks/{trigger.keys.token}/"
    headers = {name: value for name, value in given.items() if value}
    return Client().post(path, body, content_type="application/json", headers=headers)


def question(run_id):
    return Message.objects.get(run=run_id, role=Role.USER).text


# Webhooks


def test_a_signed_request_starts_a_run_in_that_persons_name(trigger, alice):
    hook = trigger(template="Look at this: {{ payload.issue.title }} ({{payload.issue.labels.0}}, {{ payload.count }})")

    answer = sent(hook)

    assert answer.status_code == 202
    run = Run.objects.get(pk=answer.json()["runId"])
    assert (run.user, run.thread.owner, run.status) == (alice, alice, RunStatus.QUEUED)
    assert question(run.pk) == "Look at this: The printer is on fire (hot, 3)"


def test_the_same_delivery_again_starts_nothing_and_is_answered_the_same(trigger):
    hook = trigger()

    first, second = sent(hook, delivery="42"), sent(hook, delivery="42")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert hook.firings.count() == Run.objects.count() == 1


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-GitHub-Delivery"])
def test_a_delivery_is_known_by_whatever_its_sender_calls_it(trigger, name):
    hook = trigger()

    first = sent(hook, **{name: "42"})
    other = sent(hook, **{name: "43"})

    assert sent(hook, **{name: "42"}).json() == first.json() != other.json()
    assert Run.objects.count() == 2


def test_without_an_id_the_same_body_counts_as_the_same_delivery_for_ten_minutes(trigger):
    hook = trigger()

    first = sent(hook)
    assert sent(hook).json() == first.json()
    assert sent(hook, '{"other": 1}').json() != first.json()
    hook.firings.update(created_at=timezone.now() - timedelta(minutes=11))

    assert sent(hook).json() != first.json()
    assert Run.objects.count() == 3


def test_one_id_with_two_bodies_is_refused(trigger):
    hook = trigger()
    sent(hook, delivery="42")

    answer = sent(hook, '{"other": 1}', delivery="42")

    assert (answer.status_code, Run.objects.count()) == (409, 1)
    assert "another body" in answer.json()["error"]


def test_the_same_delivery_to_two_triggers_are_two(trigger):
    assert sent(trigger(), delivery="42").json() != sent(trigger(), delivery="42").json()


def test_an_unknown_address_is_not_found(trigger):
    hook = trigger()
    hook.keys = give_keys(Trigger())

    assert sent(hook).status_code == 404
    assert not Run.objects.exists()


def test_a_schedule_has_no_address(trigger):
    assert sent(trigger(kind=TriggerKind.SCHEDULE, every_minutes=5)).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "guessed"},
        {"X-Signature-256": ""},
        {"X-Signature-256": "sha256="},
        {"X-Signature-256": "sha1=abc"},
        {"X-Signature-256": "é"},
        {"timestamp": "1000000000"},
        {"timestamp": "soon"},
        {"X-Timestamp": str(int(time.time()))},
    ],
)
def test_a_request_that_is_not_signed_as_agreed_is_not_let_in(trigger, wrong):
    answer = sent(trigger(), **wrong)

    assert answer.status_code == 401
    assert answer.json()["error"]
    assert not Run.objects.exists()


def test_a_signature_may_cover_the_time_and_come_under_githubs_name(trigger):
    hook = trigger()

    assert sent(hook, timestamp=str(int(time.time()))).status_code == 202
    right = signature(hook, b"other")
    assert sent(hook, "other", **{"X-Signature-256": "", "X-Hub-Signature-256": right}).status_code == 202


def test_a_trigger_may_take_unsigned_requests_if_its_operator_says_so(trigger):
    hook = trigger(needs_signature=False)

    answer = Client(enforce_csrf_checks=True).post(f"/hooks/{hook.keys.token}/", "Hello", content_type="text/plain")

    assert answer.status_code == 202
    assert question(answer.json()["runId"]) == "Hello"


def test_what_is_too_long_or_no_text_is_refused_in_words(trigger):
    hook = trigger(needs_signature=False)
    path = f"/hooks/{hook.keys.token}/"

    too_long = Client().post(path, b"x" * 262_145, content_type="text/plain")
    no_text = Client().post(path, b"\xff\xfe", content_type="text/plain")
    get = Client().get(path)

    assert [answer.status_code for answer in (too_long, no_text, get)] == [413, 400, 405]
    assert "262,144 bytes" in too_long.json()["error"]
    assert not Firing.objects.exists()


def test_a_trigger_that_is_switched_off_starts_nothing(trigger):
    answer = sent(trigger(is_enabled=False))

    assert answer.status_code == 409
    assert "switched off" in answer.json()["error"]
    assert not Run.objects.exists()


def test_a_firing_that_could_not_start_says_why_and_may_be_sent_again(trigger):
    hook = trigger()
    Agent.objects.filter(pk=hook.agent_id).update(is_enabled=False)

    refused = sent(hook, delivery="42")
    Agent.objects.filter(pk=hook.agent_id).update(is_enabled=True)
    taken = sent(hook, delivery="42")

    assert (refused.status_code, taken.status_code) == (409, 202)
    assert "switched off" in refused.json()["error"]
    assert hook.firings.get().refusal == ""


def test_nobody_runs_in_the_name_of_who_may_not_log_in(trigger, alice):
    hook = trigger()
    alice.is_active = False
    alice.save()

    assert "may not log in" in sent(hook).json()["error"]
    assert not Run.objects.exists()


def test_the_address_reaches_no_log(trigger, caplog):
    hook = trigger()

    sent(hook, secret="guessed")
    Trigger.objects.all().delete()
    sent(hook)

    assert hook.keys.token not in caplog.text


def test_new_keys_open_and_the_old_ones_do_not(trigger):
    hook = trigger()
    old = hook.keys

    hook.keys = give_keys(hook)
    hook.save()

    assert sent(hook).status_code == 202
    hook.keys = old
    assert sent(hook).status_code == 404


def test_neither_key_is_kept_in_the_clear(trigger):
    hook = trigger()

    kept = json.dumps([str(value) for value in Trigger.objects.filter(pk=hook.pk).values().get().values()])

    assert hook.keys.token not in kept
    assert hook.keys.secret not in kept


# Templates


def test_what_was_sent_is_never_read_as_a_template():
    payload = {"a": "{{ time }}", "b": {"c": True}, "list": [1, 2]}

    def said(template):
        return filled(template, payload=payload, time="noon", trigger="T")

    assert said("{{ payload.a }} at {{ time }}") == "{{ time }} at noon"
    assert said("{{payload.b.c}} {{ payload.list.1 }} {{ payload.list.9 }}{{ payload.no.where }}") == "true 2 "
    assert json.loads(said("{{ payload }}")) == payload


@pytest.mark.parametrize(
    "template",
    ["{{ payload.__class__() }}", "{{ settings.SECRET_KEY }}", "{{ payload|safe }}", "{{ payload", "", "{{ }}"],
)
def test_a_template_that_means_nothing_is_refused(template):
    assert problem_of(template)


# Schedules


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


# Where the answer goes


@pytest.fixture
def receiver():
    """Another program that takes what is posted to it; `answers` says with which status, one after the other."""
    requests, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append((self.path, self.headers, body))
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.answers = requests, answers
    server.url = f"http://127.0.0.1:{server.server_port}/take"
    SystemThread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def answered(trigger):
    """Makes a firing whose run has ended."""

    def made(*, status=RunStatus.COMPLETED, error="", **fields):
        firing = fire(trigger(**fields), body=BODY, delivery_id="42")
        Run.objects.filter(pk=firing.run_id).update(status=status, error=error)
        Message.objects.create(run=firing.run, position=1, role=Role.ASSISTANT, text="Call the fire brigade.")
        return firing

    return made


def now_due(firing):
    Firing.objects.filter(pk=firing.pk).update(deliver_at=timezone.now())
    firing.refresh_from_db()
    return firing


def test_the_answer_is_posted_signed_and_once(answered, receiver, settings):
    settings.TRIGGER_HOSTS = {"127.0.0.1"}
    firing = answered(deliver=Deliver.POST, deliver_to=receiver.url)
    assert delivery.due() == [firing.pk]

    delivery.deliver(firing.pk)
    delivery.deliver(firing.pk)

    ((path, headers, body),) = receiver.requests
    said = json.loads(body)
    assert path == "/take"
    assert (said["answer"], said["status"], said["deliveryId"]) == ("Call the fire brigade.", "completed", "42")
    assert headers["X-Signature-256"] == signature(firing.trigger, body, headers["X-Timestamp"])
    firing.refresh_from_db()
    assert firing.delivery == Delivery.DELIVERED and firing.delivered_at
    assert delivery.due() == []


def test_an_answer_is_tried_five_times_with_growing_pauses(answered, receiver, settings):
    settings.TRIGGER_HOSTS = {"127.0.0.1"}
    receiver.answers += [500, 302, 404, 503, 500]
    firing = answered(deliver=Deliver.POST, deliver_to=receiver.url)
    pauses = []

    for _ in range(6):
        delivery.deliver(now_due(firing).pk)
        firing.refresh_from_db()
        pauses.append(firing.deliver_at - timezone.now())
        assert firing.delivery == (Delivery.FAILED if len(receiver.requests) == 5 else Delivery.PENDING)

    assert len(receiver.requests) == 5  # and nobody followed the redirect
    assert all(path == "/take" for path, _, _ in receiver.requests)
    assert pauses[0] < pauses[1] < pauses[2]
    assert firing.delivery_error == "127.0.0.1 answered with 500."


def test_a_failed_run_is_told_as_one_and_a_run_at_work_is_not_told(answered, receiver, settings):
    settings.TRIGGER_HOSTS = {"127.0.0.1"}
    waiting = answered(status=RunStatus.WAITING, deliver=Deliver.POST, deliver_to=receiver.url)
    failed = answered(status=RunStatus.FAILED, error="No model.", deliver=Deliver.POST, deliver_to=receiver.url)

    delivery.deliver(waiting.pk)
    delivery.deliver(failed.pk)

    ((_, _, body),) = receiver.requests
    assert (json.loads(body)["status"], json.loads(body)["error"]) == ("failed", "No model.")
    assert delivery.due() == []


def test_the_answer_is_mailed(answered, settings):
    settings.MAIL_SERVER = {"EMAIL_HOST": "mail.example.org"}
    firing = answered(name="Fire watch", deliver=Deliver.MAIL, deliver_to="eve@example.org, bob@example.org")

    delivery.deliver(firing.pk)

    (message,) = mail.outbox
    assert (message.subject, message.body) == ("Fire watch", "Call the fire brigade.")
    assert message.to == ["eve@example.org", "bob@example.org"]


def test_without_a_mail_server_nothing_is_sent_and_the_history_says_so(answered, settings):
    settings.MAIL_SERVER = {}
    firing = answered(deliver=Deliver.MAIL, deliver_to="eve@example.org")

    delivery.deliver(firing.pk)

    firing.refresh_from_db()
    assert mail.outbox == []
    assert "EMAIL_URL" in firing.delivery_error


def test_an_answer_nobody_wants_any_more_is_not_sent(answered):
    firing = answered(deliver=Deliver.POST, deliver_to="https://example.org/in")
    Trigger.objects.filter(pk=firing.trigger_id).update(deliver=Deliver.NOT)

    delivery.deliver(firing.pk)

    firing.refresh_from_db()
    assert firing.delivery == Delivery.NONE


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "http://[::1]/", "http://10.0.0.8/", "http://169.254.169.254/latest", "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/", "http://localhost:1/", "ftp://example.org/", "http://a:b@example.org/",
        "nonsense", "http://2130706433/", "http://127.1/",
    ],
)  # fmt: skip
def test_nothing_is_posted_into_our_own_house(url):
    with pytest.raises(NotTaken):
        post(url, b"{}", {})


def test_a_host_of_the_house_is_reached_when_an_administrator_names_it(receiver, settings):
    assert "TRIGGER_HOSTS" in problem_of_url(receiver.url)
    with pytest.raises(NotTaken):
        post(receiver.url, b"{}", {})

    settings.TRIGGER_HOSTS = {"127.0.0.1"}
    post(receiver.url, b"{}", {})

    assert len(receiver.requests) == 1


# The whole way


def test_a_request_is_answered_by_a_worker(live_stack, llm, trigger):
    hook = trigger(name="Live hook", template="Say hello to {{ payload.name }}.")
    llm.reply("Hello Eve.")

    answer = sent(hook, '{"name": "Eve"}')

    run = at_rest(live_stack, Run.objects.get(pk=answer.json()["runId"]))
    assert run.status == RunStatus.COMPLETED
    assert "Say hello to Eve." in str(llm.requests[-1].messages)
    Trigger.objects.filter(pk=hook.pk).delete()
