"""When a condition on the arguments asks people: when it holds, and whenever nobody can tell."""

import json

import pytest
from pydantic import ValidationError

from agents.models import RunStatus, WaitKind
from agents.policies import Policy, policies_of
from tests.agents.running import asked, at_rest, started
from tests.drills.agents import ledger_agent
from tests.drills.ledger.book import executions
from tests.llm import call

RICH = {
    "amount": 250,
    "currency": "USD",
    "to": "Eve@Example.org",
    "recipients": ["a", "b", "c", "d"],
    "customer": {"country": "CH"},
    "is_urgent": True,
    "note": None,
}


def policy(when):
    return Policy.model_validate({"when": when})


def asks(when, arguments=RICH):
    return policy(when).asks(json.dumps(arguments))


@pytest.mark.parametrize(
    "when",
    [
        "amount > 100",
        'amount > 100 and currency != "EUR"',
        "100 < amount <= 250",
        "amount * 2 - 1 >= 499 / 1",
        "-amount < 0",
        "len(recipients) > 3",
        'ends_with(lower(to), "@example.org")',
        'starts_with(to, "Eve")',
        'contains(recipients, "a") and contains(to, "@")',
        'currency in ["USD", "CHF"] and "z" not in recipients',
        'customer["country"] == "CH"',
        'recipients[0] == "a"',
        "is_urgent",
        "is_urgent == true",
        "note == null and missing is None",
        'not currency == "EUR" or amount < 1',
    ],
)
def test_people_are_asked_when_it_holds(when):
    assert asks(when)
    assert when in policy(when).words(json.dumps(RICH))


@pytest.mark.parametrize(
    "when",
    [
        "amount > 1000",
        'amount > 100 and currency == "EUR"',
        "len(recipients) > 4",
        'ends_with(to, "@example.org")',
        'currency not in ["USD"]',
        'customer["city"] != null',
        "recipients[9] != null",
        "not is_urgent",
        "false",
    ],
)
def test_nobody_is_asked_when_it_does_not(when):
    assert not asks(when)


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("missing > 100", "nothing cannot be compared with a number"),
        ("currency > 100", "a text cannot be compared with a number"),
        ("currency == 100", "a text cannot be compared with a number"),
        ("currency != true", "a text cannot be compared with yes or no"),
        ("amount in currency", "a number is no text"),
        ("len(missing) > 3", "nothing has no length"),
        ("lower(amount) == currency", "a number is no text"),
        ("amount / 0 > 1", "cannot be calculated"),
        ("missing", "nothing is neither yes nor no"),
        ("amount", "a number is neither yes nor no"),
        ('amount["x"] == 1', "a number has no parts"),
        ("currency + currency == currency", "a text is no number"),
    ],
)
def test_people_are_asked_when_it_cannot_be_told_and_hear_that(when, why):
    assert asks(when)
    assert why in policy(when).words(json.dumps(RICH))


@pytest.mark.parametrize("arguments", ['{"amount": NaN}', '{"amount": Infinity}', '{"amount": "250"}', "[1]", "{", ""])
def test_no_way_of_writing_the_arguments_gets_around_the_question(arguments):
    assert policy("amount > 100").asks(arguments)
    assert policy("amount != 100").asks(arguments)


@pytest.mark.parametrize(
    "when",
    [
        "sometimes, perhaps",
        "amount >",
        "",
        'to.endswith("@example.org")',
        '__import__("os").system("true")',
        "().__class__",
        "open(to)",
        "len(to, to)",
        "len(x=to)",
        "100",
        "amount + 1",
        "amount ** 9 > 1",
        '"a" if amount else "b"',
        "[x for x in recipients]",
        "lambda: amount",
        "(amount := 5) > 1",
        'f"{amount}" == to',
        "recipients[1:] == to",
        "recipients[amount] == to",
        "{amount: 1}",
        "b'x' == to",
        "1j == amount",
        "...",
        "amount > 1" + " and amount > 1" * 13,
        "(" * 150 + "1" + ")" * 150,
        "not " * 49 + "amount",
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused_with_the_policy(when):
    with pytest.raises(ValidationError):
        policies_of({"pay": {"when": when}})


def test_the_refusal_says_what_is_wrong():
    with pytest.raises(ValidationError, match="There is no function open; there are len, lower"):
        policy("open(to)")
    with pytest.raises(ValidationError, match=r"\.endswith cannot be used"):
        policy('to.endswith("x")')


def test_long_and_deep_conditions_end_in_time():
    deep = "not " * 30 + "is_urgent"
    assert asks(deep)
    assert policy("amount > 100").asks('{"amount": ' + "[" * 100_000 + "]" * 100_000 + "}")


def test_always_and_never_are_no_conditions():
    assert policy("always").asks("{}") and policy("always").may_ask
    assert not policy("never").asks("{}") and not policy("never").may_ask
    assert "before every call" in policy("always").words("{}")


def test_a_run_waits_for_what_the_condition_names_and_for_nothing_else(live_stack, llm, alice):
    policies = {"ledger_unsafe": {"when": 'contains(note, "rent")', "levels": [{"who": "requester"}]}}
    agent = ledger_agent("asks-on-condition", approvals=policies)
    llm.asks(call("ledger_unsafe", note="tea"), call("ledger_unsafe", note="the rent"))

    run = at_rest(live_stack, started(agent, alice))

    assert (run.status, run.wait_kind) == (RunStatus.WAITING, WaitKind.APPROVAL)
    assert [done.note for done in executions(run.pk)] == ["tea"]
    assert asked(run).reason == 'This agent\'s policy asks when contains(note, "rent"), and here it is so.'
