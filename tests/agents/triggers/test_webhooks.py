"""Webhooks: who gets in, what is asked, once for each delivery."""

import json
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from agents.models import Agent, Firing, Run, RunStatus, Trigger, TriggerKind
from agents.triggers.keys import give_keys, signature
from agents.triggers.templates import filled, problem_of
from tests.agents.running import at_rest
from tests.agents.triggers.sending import question, sent


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


def test_a_request_is_answered_by_a_worker(live_stack, llm, trigger):
    hook = trigger(name="Live hook", template="Say hello to {{ payload.name }}.")
    llm.reply("Hello Eve.")

    answer = sent(hook, '{"name": "Eve"}')

    run = at_rest(live_stack, Run.objects.get(pk=answer.json()["runId"]))
    assert run.status == RunStatus.COMPLETED
    assert "Say hello to Eve." in str(llm.requests[-1].messages)
    Trigger.objects.filter(pk=hook.pk).delete()
