"""Approvals in the console: who sees them, who decides, and what becomes of the call."""

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from agents.models import Approval, ApprovalStatus, CallStatus, RunStatus, Verdict
from tests.cast import person
from tests.console.standing import a_pending_approval

ClientOf = Callable[[User], Client]
LIST = "/admin/agents/approval/"


def page_of(approval: Approval) -> str:
    return f"{LIST}{approval.pk}/change/"


def answered(client: Client, approval: Approval, verdict: str, **fields: str) -> int:
    given = {"seen": approval.arguments_digest, "verdict": verdict} | fields
    return client.post(page_of(approval), given).status_code


def test_what_waits_is_listed_and_counted(console: Client, alice: User) -> None:
    approval = a_pending_approval(alice)

    page = console.get(LIST).content.decode()

    for said in ("calculator", "expression: 2 + 2", alice.email, "The staff", "Needs you", "in 3 d"):
        assert said in page
    assert 'data-number="Approvals">1</span>' in page
    assert page_of(approval) in page


def test_where_nothing_waits_there_is_no_number(console: Client, alice: User) -> None:
    page = console.get(LIST).content.decode()

    assert "Nothing waits for approval" in page
    assert 'data-number="Approvals" hidden></span>' in page


def test_the_numbers_can_be_asked_for_alone_by_those_who_see_them(
    console: Client, alice: User, client_of: ClientOf
) -> None:
    a_pending_approval(alice)

    numbers = console.get(f"{LIST}numbers/").json()
    assert (numbers[LIST], numbers["/admin/agents/settlement/"]) == ("1", "")
    assert client_of(person("Rita", is_staff=True)).get(f"{LIST}numbers/").json() == {}
    assert client_of(alice).get(f"{LIST}numbers/").status_code == 302


def test_the_list_can_be_asked_for_alone_by_those_who_see_it(console: Client, alice: User, client_of: ClientOf) -> None:
    approval = a_pending_approval(alice)

    part = console.get(f"{LIST}?part=list").content.decode()

    assert f'data-key="{approval.pk}"' in part
    assert "<html" not in part
    assert client_of(person("Rita", is_staff=True)).get(f"{LIST}?part=list").status_code == 403


def test_its_page_says_what_would_be_done_and_why(console: Client, alice: User) -> None:
    page = console.get(page_of(a_pending_approval(alice))).content.decode()

    for said in ("May Assistant use calculator?", "2 + 2", "Please work it out.", "asks before every call", "Deny"):
        assert said in page


def test_an_approved_call_runs(console: Client, alice: User, olga: User) -> None:
    approval = a_pending_approval(alice)

    assert answered(console, approval, "approve", comment="Looks right") == 302

    approval.refresh_from_db()
    assert approval.status == ApprovalStatus.APPROVED
    assert approval.call.status == CallStatus.READY
    assert approval.run.status == RunStatus.QUEUED
    entry = LogEntry.objects.get(user=olga)
    assert entry.change_message == "Approve: Looks right"
    page = console.get(f"{LIST}?show=decided").content.decode()
    assert "Looks right" in page
    assert "calculator" not in console.get(LIST).content.decode()


def test_a_denied_call_does_not_run_and_says_why(console: Client, alice: User) -> None:
    approval = a_pending_approval(alice)

    assert answered(console, approval, "deny", comment="Too dear") == 302

    approval.call.refresh_from_db()
    assert approval.call.status == CallStatus.DENIED
    assert "Too dear" in approval.call.result


def test_changed_arguments_are_what_runs(console: Client, alice: User) -> None:
    approval = a_pending_approval(alice)

    assert answered(console, approval, "approve", arguments='{"expression": "2 + 3"}') == 302

    approval.call.refresh_from_db()
    assert approval.call.arguments == '{"expression": "2 + 3"}'
    page = console.get(page_of(approval)).content.decode()
    assert "2 + 3" in page
    assert "as the LLM wrote them" in page


def test_the_same_arguments_written_otherwise_change_nothing(console: Client, alice: User) -> None:
    approval = a_pending_approval(alice)

    answered(console, approval, "approve", arguments='{\r\n  "expression": "2 + 2"\r\n}')

    approval.call.refresh_from_db()
    assert approval.call.edited_arguments == ""


@pytest.mark.parametrize("arguments", ["not json", '{"sum": 1}'])
def test_arguments_the_tool_does_not_take_are_given_back(console: Client, alice: User, arguments: str) -> None:
    approval = a_pending_approval(alice)

    given = {"seen": approval.arguments_digest, "verdict": "approve", "arguments": arguments, "comment": "My words"}
    answer = console.post(page_of(approval), given)

    assert answer.status_code == 400
    page = answer.content.decode()
    assert "These arguments cannot be used" in page
    assert "My words" in page
    assert Approval.objects.get().status == ApprovalStatus.PENDING


def test_what_was_changed_meanwhile_is_not_approved_unseen(console: Client, alice: User) -> None:
    approval = a_pending_approval(alice)

    assert answered(console, approval, "approve", seen="0" * 64) == 409

    assert Approval.objects.get().status == ApprovalStatus.PENDING


def test_a_second_word_does_not_undo_the_first(console: Client, alice: User, dana: User, client_of: ClientOf) -> None:
    approval = a_pending_approval(alice)
    answered(client_of(dana), approval, Verdict.DENY)

    assert answered(console, approval, "approve") == 409

    approval.call.refresh_from_db()
    assert approval.call.status == CallStatus.DENIED


def test_neither_yes_nor_no_decides_nothing(console: Client, alice: User) -> None:
    approval = a_pending_approval(alice)

    assert answered(console, approval, "perhaps") == 400
    assert Approval.objects.get().status == ApprovalStatus.PENDING


def test_staff_sees_but_does_not_decide_what_is_up_to_others(console: Client, alice: User) -> None:
    approval = a_pending_approval(alice, levels=[{"who": "group:Managers"}])

    page = console.get(page_of(approval)).content.decode()

    assert "This is up to the group Managers." in page
    assert 'value="approve"' not in page
    assert answered(console, approval, "approve") == 403
    assert Approval.objects.get().status == ApprovalStatus.PENDING


def test_a_chain_asks_one_after_the_other(console: Client, alice: User, client_of: ClientOf) -> None:
    first = a_pending_approval(alice, levels=[{"who": "staff"}, {"who": "group:Managers"}])
    manager = person("Mona", is_staff=True)
    manager.groups.add(Group.objects.get(name="Managers"), Group.objects.get(name="Operators"))
    second = first.call.approvals.get(level=1)
    assert "Somebody else is asked first" in client_of(manager).get(page_of(second)).content.decode()

    assert answered(console, first, "approve") == 302
    assert first.call.approvals.get(level=1).status == ApprovalStatus.PENDING
    assert answered(client_of(manager), second, "approve") == 302

    first.call.refresh_from_db()
    assert first.call.status == CallStatus.READY


def test_staff_without_the_permission_sees_no_approval(alice: User, rows: None, client_of: ClientOf) -> None:
    approval = a_pending_approval(alice)
    rita = client_of(person("Rita", is_staff=True))

    assert rita.get(LIST).status_code == 403
    assert rita.get(page_of(approval)).status_code == 403
    assert answered(rita, approval, "approve") == 403
    assert Approval.objects.get().status == ApprovalStatus.PENDING


def test_who_is_not_of_the_staff_decides_elsewhere(alice: User, client_of: ClientOf) -> None:
    approval = a_pending_approval(alice, levels=[{"who": "requester"}])

    assert answered(client_of(alice), approval, "approve") == 302  # to log in
    assert Approval.objects.get().status == ApprovalStatus.PENDING


def test_older_decisions_stand_on_further_pages(console: Client, alice: User) -> None:
    for number in range(51):
        a_pending_approval(alice, arguments=f'{{"expression": "{number} + 1"}}')

    first = console.get(LIST)
    second = console.get(LIST + first.context["paged"].older).content.decode()

    assert "expression: 50 + 1" in first.content.decode()
    assert "expression: 0 + 1" in second
    assert "expression: 50 + 1" not in second


def test_an_address_that_is_none_is_not_found(console: Client) -> None:
    assert console.get(f"{LIST}nonsense/change/").status_code == 404
