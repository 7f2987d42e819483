"""What people read before they decide: on what a call acts, and what follows from each word."""

import pytest

from agents import approvals, stakes
from agents.models import Approval, Verdict
from tests.console.standing import a_pending_approval

MAIL = '{"to": "ann@example.org", "subject": "Hi", "body": "Hello"}'
STAFF, BOSS = {"who": "staff"}, {"who": "user:boss@example.org"}


def follows(approval: Approval) -> list[str]:
    """Of approving, denying and saying nothing."""
    return stakes.consequences(Approval.objects.get(pk=approval.pk)).split(". ")


@pytest.mark.parametrize(
    ("tool", "arguments", "resource"),
    [
        ("send_email", MAIL, "ann@example.org"),
        ("http_request", '{"url": "https://api.example.org/orders/7", "method": "DELETE"}', "https://api.example.org/orders/7"),
        ("calculator", '{"expression": "2 + 2"}', ""),
        ("send_email", "not json", ""),
        ("gone", MAIL, ""),
    ],
)  # fmt: skip
def test_on_what_a_call_acts_is_said_where_its_tool_says_so(alice, tool, arguments, resource):
    approval = a_pending_approval(alice, name=tool, arguments=arguments)

    assert stakes.resource_of(approval.call) == resource


def test_one_word_is_enough_and_silence_is_a_no(alice):
    approved, denied, unsaid = follows(a_pending_approval(alice, levels=[STAFF]))

    assert approved == "Approved, it runs"
    assert denied.startswith("Denied, it does not run")
    assert unsaid == "Without an answer in time it is denied."


def test_whoever_comes_next_is_named(alice):
    approval = a_pending_approval(alice, levels=[STAFF | {"on_expiry": "escalate"}, BOSS])

    approved, _, unsaid = follows(approval)

    assert approved == "Approved, boss@example.org is asked next"
    assert unsaid == "Without an answer in time boss@example.org is asked."


def test_four_eyes_are_counted(alice, dana):
    approval = a_pending_approval(alice, levels=[STAFF | {"needed": 2}])
    assert follows(approval)[0] == "Approved, one more must approve"

    approvals.decide(approval_id=approval.pk, by=dana, verdict=Verdict.APPROVE)

    assert follows(approval)[0] == "Approved, it runs"


def test_the_console_and_the_page_say_it(alice, dana, client_of):
    approval = a_pending_approval(alice, name="send_email", arguments=MAIL)

    page = client_of(dana).get(f"/admin/agents/approval/{approval.pk}/change/").content.decode()
    (card,) = client_of(dana).get("/approvals/?json").json()["cards"]

    for said in ("use send_email → ann@example.org?", "One moment.", "Approved, it runs."):
        assert said in page
    told = card["interrupt"]["metadata"]
    assert (told["resource"], told["said"]) == ("ann@example.org", "One moment.")
    assert told["consequences"].startswith("Approved, it runs.")
