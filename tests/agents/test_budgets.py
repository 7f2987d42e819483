"""Limits stop a run before it costs more, and say so."""

from decimal import Decimal

import pytest

from agents import budgets
from agents.budgets import Need, OverBudget
from agents.models import DailyUsage, Run, RunStatus, StopReason
from tests.agents.running import at_rest, started
from tests.drills.agents import ledger_agent
from tests.drills.ledger.book import executions
from tests.llm import call


def test_a_run_stops_before_it_passes_its_tokens(live_stack, llm, alice):
    agent = ledger_agent("few-tokens", max_tokens=2500, parameters={"max_tokens": 1000})
    llm.asks(call("ledger_read", note="one"), input_tokens=1500)

    run = at_rest(live_stack, started(agent, alice))

    assert (run.status, run.stop_reason) == (RunStatus.FAILED, StopReason.MAX_TOKENS)
    assert "2,500 tokens" in run.error
    assert len(executions(run.pk)) == 1
    assert (run.reserved_tokens, run.reserved_cost) == (0, 0)


def test_a_run_stops_before_it_passes_its_money(live_stack, llm, alice):
    agent = ledger_agent("little-money", max_cost=Decimal("0.0001"))

    run = at_rest(live_stack, started(agent, alice))

    assert (run.status, run.stop_reason) == (RunStatus.FAILED, StopReason.MAX_COST)
    assert "$0.0001" in run.error
    assert llm.requests == []


def test_with_a_limit_of_money_a_model_without_a_price_is_not_called(live_stack, llm, alice):
    agent = ledger_agent("no-price", max_cost=Decimal(5), llm_name="some-new-model")

    run = at_rest(live_stack, started(agent, alice))

    assert run.stop_reason == StopReason.MAX_COST
    assert "price of the model is unknown" in run.error


def test_a_fallback_without_a_price_counts_too(live_stack, llm, alice):
    agent = ledger_agent("no-price-behind", max_cost=Decimal(5), fallback_llm_names=["some-new-model"])

    assert at_rest(live_stack, started(agent, alice)).stop_reason == StopReason.MAX_COST


def test_a_run_within_its_limits_is_answered_and_holds_nothing_after(live_stack, llm, alice):
    agent = ledger_agent("enough", max_tokens=100_000, max_cost=Decimal(5))
    llm.reply("Done.")

    run = at_rest(live_stack, started(agent, alice))

    assert run.status == RunStatus.COMPLETED
    assert (run.reserved_tokens, run.reserved_cost) == (0, 0)


def test_time_at_work_is_limited_and_what_was_said_is_kept(live_stack, llm, alice):
    agent = ledger_agent("hasty", max_active_seconds=1)
    llm.reply("one two", pause_after=1)

    run = at_rest(live_stack, started(agent, alice))

    assert (run.status, run.stop_reason) == (RunStatus.FAILED, StopReason.MAX_TIME)
    assert run.messages.get(role="assistant").text.strip() == "one"


def test_the_ledger_knows_what_a_day_used_and_forgets_nothing_with_a_conversation(live_stack, llm, alice):
    llm.asks(call("ledger_read", note="one"), input_tokens=100)
    llm.reply("Done.", input_tokens=200)
    run = at_rest(live_stack, started(ledger_agent(), alice))

    run.thread.delete()

    used = DailyUsage.objects.get(user=alice)
    assert used.tokens == run.input_tokens + run.output_tokens
    assert used.cost == run.cost


@pytest.fixture
def run_of(transactional_db, settings):
    """Runs at work, on a day with ten thousand tokens and one dollar a person."""
    settings.USER_DAILY_TOKENS, settings.USER_DAILY_COST = 10_000, Decimal(1)

    def made(person, **fields):
        run = started(ledger_agent(), person)
        Run.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, **fields)
        return Run.objects.select_related("agent_version").get(pk=run.pk)

    return made


@pytest.mark.parametrize(
    ("need", "reason", "words"),
    [
        (Need(6_000, Decimal("0.1")), StopReason.DAILY_LIMIT, "10,000 tokens"),
        (Need(100, Decimal("0.6")), StopReason.DAILY_LIMIT, r"today's \$1"),
        (Need(100, None), StopReason.MAX_COST, "price of the model is unknown"),
    ],
)
def test_what_others_hold_counts_and_what_is_used_counts(run_of, alice, need, reason, words):
    budgets.spend(alice.pk, 3_000, Decimal("0.3"))
    run_of(alice, reserved_tokens=2_000, reserved_cost=Decimal("0.2"))

    with pytest.raises(OverBudget, match=words) as over:
        budgets.check(run_of(alice), need)

    assert over.value.reason == reason


def test_what_fits_is_let_through_and_one_persons_use_is_not_anothers(run_of, alice, bob):
    budgets.spend(alice.pk, 10_000, Decimal(1))

    budgets.check(run_of(bob), Need(10_000, Decimal(1)))
    with pytest.raises(OverBudget):
        budgets.check(run_of(alice), Need(1, Decimal(0)))
