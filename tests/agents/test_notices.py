"""Mail to those who may decide: whom it goes to, what it says, and that it goes out once."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.db.models import F

from agents import approvals, notices
from agents.models import Agent, Approval, CallStatus, Run, RunStatus, Trigger, Verdict, WaitKind
from agents.policies import Policy
from agents.triggers.firing import fire
from agents.triggers.keys import give_keys
from tests.console.standing import a_call, a_pending_approval

pytestmark = pytest.mark.usefixtures("mail_server")


@pytest.fixture
def mail_server(settings):
    settings.MAIL_SERVER = {"EMAIL_HOST": "mail.example.org"}
    settings.SITE_URL = "https://chat.example.org"


@pytest.fixture
def managers(bob, charlie):
    group, _ = Group.objects.get_or_create(name="Managers")
    group.user_set.add(bob, charlie)
    return "group:Managers"


def told():
    """Whom the mails that went out since the last look were for."""
    found = [address for message in mail.outbox for address in message.to]
    mail.outbox.clear()
    return found


def tell_all():
    """As the reaper does it."""
    for approval_id in notices.due():
        notices.tell(approval_id)
    return told()


def minutes_later(number):
    """Everything that is kept lies that much longer back."""
    by = timedelta(minutes=number)
    Approval.objects.update(expires_at=F("expires_at") - by, tell_after=F("tell_after") - by)


def test_the_mail_says_all_one_needs_to_decide(alice, dana):
    approval = a_pending_approval(alice)

    notices.tell(approval.pk)

    message = next(message for message in mail.outbox if message.to == [dana.email])
    assert message.subject == "Assistant asks: may it use calculator?"
    for said in (
        "for Alice", '"expression": "2 + 2"', "asks before every call", "It says: One moment.",
        "Without an answer in time it is denied.", "There is time until",
        f"https://chat.example.org/admin/agents/approval/{approval.pk}/change/",
    ):  # fmt: skip
        assert said in message.body


def test_everybody_of_a_group_is_told_once_and_nobody_else(alice, bob, charlie, dana, managers):
    a_pending_approval(alice, levels=[{"who": managers}])

    assert sorted(tell_all()) == sorted([bob.email, charlie.email])
    assert tell_all() == []
    minutes_later(60)
    assert tell_all() == []


def test_who_may_not_log_in_is_not_told(alice, bob, charlie, managers):
    bob.is_active = False
    bob.save()
    a_pending_approval(alice, levels=[{"who": managers}])

    assert tell_all() == [charlie.email]


def test_one_person_is_told_however_the_address_is_written(alice, bob):
    a_pending_approval(alice, levels=[{"who": f"user:{bob.email.upper()}"}])

    assert tell_all() == [bob.email]


def test_the_next_level_is_told_when_it_is_asked(alice, dana, bob, charlie, managers):
    first = a_pending_approval(alice, levels=[{"who": f"user:{dana.email}"}, {"who": managers}])
    assert tell_all() == [dana.email]

    approvals.decide(approval_id=first.pk, by=dana, verdict=Verdict.APPROVE)

    assert sorted(tell_all()) == sorted([bob.email, charlie.email])


def test_who_has_said_yes_is_not_told_about_the_next_level(alice, bob, charlie, managers):
    approval = a_pending_approval(alice, levels=[{"who": managers, "needed": 2}, {"who": f"user:{bob.email}"}])
    tell_all()
    approvals.decide(approval_id=approval.pk, by=bob, verdict=Verdict.APPROVE)
    approvals.decide(approval_id=approval.pk, by=charlie, verdict=Verdict.APPROVE)

    assert tell_all() == []  # the one who is left has said yes already


def test_an_escalation_is_told(alice, dana, bob):
    levels = [{"who": f"user:{dana.email}", "on_expiry": "escalate"}, {"who": f"user:{bob.email}"}]
    a_pending_approval(alice, levels=levels)
    tell_all()
    minutes_later(60 * 73)

    approvals.expire()

    assert tell_all() == [bob.email]


def test_whoever_asked_is_told_only_after_five_minutes_and_led_to_the_chat(alice):
    approval = a_pending_approval(alice, levels=[{"who": "requester"}])
    notices.tell(approval.pk)
    assert told() == []

    minutes_later(6)
    notices.tell(approval.pk)

    (message,) = mail.outbox
    assert message.to == [alice.email]
    assert f"https://chat.example.org/c/{approval.run.thread_id}/" in message.body


@pytest.mark.parametrize("is_staff", [True, False])
def test_who_cannot_open_the_console_is_led_to_a_page_of_their_own(alice, charlie, is_staff):
    charlie.is_staff = is_staff  # of the staff, but without the permission
    charlie.save()
    approval = a_pending_approval(alice, levels=[{"who": f"user:{charlie.email}"}])

    assert tell_all_of(approval) == f"https://chat.example.org/approvals/{approval.pk}/"


def test_an_operator_is_led_to_the_console(alice, charlie):
    charlie.is_staff = True
    charlie.save()
    charlie.groups.add(Group.objects.get(name="Operators"))
    approval = a_pending_approval(alice, levels=[{"who": f"user:{charlie.email}"}])

    assert tell_all_of(approval) == f"https://chat.example.org/admin/agents/approval/{approval.pk}/change/"


def test_the_page_the_mail_leads_to_opens_for_its_reader_and_for_no_stranger(alice, bob, charlie, client_of):
    approval = a_pending_approval(alice, levels=[{"who": f"user:{charlie.email}"}])
    path = tell_all_of(approval).removeprefix("https://chat.example.org")

    assert client_of(charlie).get(path).status_code == 200
    assert client_of(bob).get(path).status_code == 404


@pytest.mark.parametrize("is_superuser", [True, False])
def test_a_triggers_run_has_no_conversation_to_lead_to(alice, is_superuser):
    alice.is_staff = alice.is_superuser = is_superuser
    alice.save()
    approval = a_triggers_approval(alice)
    minutes_later(6)

    link = tell_all_of(approval)

    console, own = f"/admin/agents/approval/{approval.pk}/change/", f"/approvals/{approval.pk}/"
    assert link == f"https://chat.example.org{console if is_superuser else own}"


def tell_all_of(approval):
    """The link of the one mail that goes out."""
    mail.outbox.clear()
    notices.tell(approval.pk)
    (message,) = mail.outbox
    return message.body.rpartition("Decide here: ")[2]


def a_triggers_approval(owner):
    trigger = Trigger(name="Hook", agent=Agent.objects.get(slug="assistant"), run_as=owner)
    give_keys(trigger)
    trigger.save()
    run = fire(trigger, body="Go.").run
    Run.objects.filter(pk=run.pk).update(status=RunStatus.WAITING, wait_kind=WaitKind.APPROVAL)
    run.messages.create(position=1, role="assistant", text="One moment.")
    call = a_call(run, CallStatus.AWAITING_APPROVAL)
    approvals.ask([(call, Policy())])
    return run.approvals.get()


def test_what_is_decided_is_not_told(alice, dana):
    approval = a_pending_approval(alice)
    approvals.decide(approval_id=approval.pk, by=dana, verdict=Verdict.DENY)

    notices.tell(approval.pk)

    assert told() == []


def test_a_mail_the_server_does_not_take_is_tried_three_times(alice, dana, settings):
    settings.EMAIL_BACKEND = "tests.agents.test_notices.Away"
    approval = a_pending_approval(alice)
    for _ in range(5):
        for approval_id in notices.due():
            with pytest.raises(OSError):
                notices.tell(approval_id)
            notices.tell(approval_id)  # too early for another
        minutes_later(3)

    approval.refresh_from_db()
    assert (approval.tellings, approval.told_at) == (3, None)


def test_without_a_mail_server_nothing_is_sent_and_nothing_fails(alice, settings):
    settings.MAIL_SERVER = {}
    approval = a_pending_approval(alice)

    notices.tell(approval.pk)

    assert notices.due() == []
    assert told() == []


class Away:
    """A mail server that hangs up."""

    def __init__(self, **settings):
        pass

    def send_messages(self, messages):
        raise SMTPServerDisconnected("Connection unexpectedly closed")
