"""The page of those who are asked by others' agents and have no way into the console: who sees what, who decides."""

import json
import re

import pytest
from django.contrib.auth.models import Group

from agents import approvals
from agents.models import Approval, ApprovalStatus, CallStatus, Run, RunStatus, Verdict
from tests import cast
from tests.console.standing import a_pending_approval

PAGE = "/approvals/"


@pytest.fixture
def managers(bob):
    group, _ = Group.objects.get_or_create(name="Managers")
    group.user_set.add(bob)
    return "group:Managers"


def cards_on(client, path=PAGE):
    page = client.get(path).content.decode()
    found = re.search(r'<script id="page-data" type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1])["cards"]


def number_beside(client):
    return client.get("/approvals/number").json()["number"]


def decided(client, approval, verdict="approve", **said):
    given = {"verdict": verdict, "digest": approval.arguments_digest} | said
    path = f"/api/approvals/{approval.pk}/decision"
    return client.post(path, json.dumps(given), content_type="application/json")


def test_a_member_of_the_group_sees_what_is_asked_and_decides_it(alice, bob, managers, client_of):
    approval = a_pending_approval(alice, levels=[{"who": managers}])
    client = client_of(bob)

    (card,) = cards_on(client)
    assert (card["agent"], card["by"], card["question"]) == ("Assistant", "Alice", "Please work it out.")
    assert card["interrupt"]["metadata"]["arguments"] == '{"expression": "2 + 2"}'
    assert card["conversation"] is None  # it is hers
    assert number_beside(client) == 1
    assert decided(client, approval).status_code == 200

    approval.call.refresh_from_db()
    assert approval.call.status == CallStatus.READY
    assert cards_on(client) == []
    assert number_beside(client) == 0


def test_a_person_who_is_named_decides(alice, charlie, client_of):
    approval = a_pending_approval(alice, levels=[{"who": f"user:{charlie.email.upper()}"}])

    assert [card["id"] for card in cards_on(client_of(charlie))] == [str(approval.pk)]
    assert decided(client_of(charlie), approval, "deny", comment="Too dear").status_code == 200

    approval.call.refresh_from_db()
    assert "Too dear" in approval.call.result


def test_arguments_the_tool_does_not_take_are_refused_in_words(alice, bob, managers, client_of):
    approval = a_pending_approval(alice, levels=[{"who": managers}])

    answer = decided(client_of(bob), approval, arguments='{"sum": 1}')

    assert answer.status_code == 422
    assert answer.json()["error"].startswith("These arguments cannot be used")


def test_a_stranger_sees_nothing_and_decides_nothing(alice, bob, charlie, managers, client_of):
    approval = a_pending_approval(alice, levels=[{"who": managers}])
    stranger = client_of(charlie)

    assert cards_on(stranger) == []
    assert number_beside(stranger) == 0
    assert stranger.get(f"{PAGE}{approval.pk}/").status_code == 404
    assert decided(stranger, approval).status_code == 404
    assert Approval.objects.get(pk=approval.pk).status == ApprovalStatus.PENDING


def test_staff_sees_what_others_are_asked_only_where_the_console_shows_it(alice, managers, client_of):
    approval = a_pending_approval(alice, levels=[{"who": managers}])
    rita, olga = cast.person("Rita", is_staff=True), cast.person("Olga", is_staff=True)
    olga.groups.add(Group.objects.get(name="Operators"))

    for path in (f"{PAGE}{approval.pk}/", f"/api/approvals/{approval.pk}"):
        assert client_of(rita).get(path).status_code == 404
        assert client_of(olga).get(path).status_code == 200
    assert decided(client_of(olga), approval).status_code == 403


def test_whoever_asked_sees_it_and_does_not_decide_for_others(alice, managers, client_of):
    approval = a_pending_approval(alice, levels=[{"who": managers}])
    owner = client_of(alice)

    assert cards_on(owner) == []
    (card,) = cards_on(owner, f"{PAGE}{approval.pk}/")
    assert card["mayDecide"] is False
    assert decided(owner, approval).status_code == 403


def test_whoever_has_no_session_is_led_to_log_in_and_back(alice, managers, client):
    approval = a_pending_approval(alice, levels=[{"who": managers}])

    answer = client.get(f"{PAGE}{approval.pk}/")

    assert answer.status_code == 302
    assert answer.url.endswith(f"?next={PAGE}{approval.pk}/")
    assert client.get("/approvals/number").status_code == 302


def test_who_left_the_group_is_not_asked_any_more(alice, bob, managers, client_of):
    approval = a_pending_approval(alice, levels=[{"who": managers}])
    bob.groups.clear()

    assert cards_on(client_of(bob)) == []
    assert decided(client_of(bob), approval).status_code == 404


def test_a_run_that_has_ended_asks_nobody(alice, bob, managers, client_of):
    approval = a_pending_approval(alice, levels=[{"who": managers}])
    Run.objects.filter(pk=approval.run_id).update(status=RunStatus.DEAD)

    assert cards_on(client_of(bob)) == []
    assert number_beside(client_of(bob)) == 0
    assert decided(client_of(bob), approval).status_code == 409


def test_one_of_two_has_said_it_and_is_not_asked_again(alice, bob, charlie, managers, client_of):
    charlie.groups.add(Group.objects.get(name="Managers"))
    approval = a_pending_approval(alice, levels=[{"who": managers, "needed": 2}])

    assert decided(client_of(bob), approval).status_code == 200

    assert number_beside(client_of(bob)) == 0
    assert number_beside(client_of(charlie)) == 1
    (card,) = cards_on(client_of(bob), f"{PAGE}{approval.pk}/")
    assert (card["status"], card["mayDecide"]) == ("pending", False)


def test_what_was_decided_is_told_where_the_mail_leads(alice, bob, charlie, managers, client_of):
    charlie.groups.add(Group.objects.get(name="Managers"))
    approval = a_pending_approval(alice, levels=[{"who": managers}])
    approvals.decide(approval_id=approval.pk, by=charlie, verdict=Verdict.DENY, comment="No.")

    (card,) = cards_on(client_of(bob), f"{PAGE}{approval.pk}/")

    assert card["status"] == "denied"
    assert card["decisions"] == [{"verdict": "deny", "by": "Charlie", "comment": "No."}]


def test_the_way_there_stands_beside_the_chat_of_those_who_are_asked(alice, bob, charlie, managers, client_of):
    approval = a_pending_approval(alice, levels=[{"who": managers}])

    assert re.search(r"<asks-you [^>]*data-often>.*data-count>1<", client_of(bob).get("/").content.decode())
    assert re.search(r'<asks-you class="asks-you" hidden>', client_of(charlie).get("/").content.decode())
    approvals.decide(approval_id=approval.pk, by=bob, verdict=Verdict.APPROVE)
    assert re.search(r"<asks-you [^>]*data-often>.*data-count hidden><", client_of(bob).get("/").content.decode())
