"""Where the answer of a trigger goes, and what is tried until it is there."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread as SystemThread

import pytest
from django.core import mail
from django.utils import timezone

from agents.models import Deliver, Delivery, Firing, Message, Role, Run, RunStatus, Trigger
from agents.triggers import delivery
from agents.triggers.firing import fire
from agents.triggers.keys import signature
from agents.triggers.post import NotTaken, post, problem_of_url
from tests.agents.triggers.sending import BODY


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
