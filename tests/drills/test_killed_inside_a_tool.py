"""A worker is killed while a tool is under way: what may be done again is, what may not waits for a person's word."""

import pytest

from agents import settlements
from agents.models import CallStatus, RunStatus, Settlement, ToolCall
from tests.drills.ledger.book import executions, open_gate
from tests.drills.obedient import Plan
from tests.drills.talk import let_leases_run_out
from tests.llm import call

Word = Settlement.Word


def killed_inside(stack, talk, tool: str, gate: str) -> str:
    """A run whose worker died while that tool was at work; another worker has taken over."""
    run = talk.ask(Plan("killed", ((call(tool, note="once", gate=gate),),)))
    stack.until(lambda: executions(run) != [], "the tool is at work")
    stack.workers[0].kill()
    let_leases_run_out(stack)
    stack.start_worker(wait=False)
    return run


@pytest.mark.parametrize("tool", ["ledger_read", "ledger_idempotent"])
def test_what_may_be_done_again_is_done_again_under_the_same_key(live_stack, talk_of, alice, tool):
    talk = talk_of(alice)
    run = killed_inside(live_stack, talk, tool, gate=f"killed-{tool}")

    live_stack.until(lambda: len(executions(run)) == 2, "it is done again")
    open_gate(f"killed-{tool}")

    talk.end_well()
    assert len({execution.key for execution in executions(run)}) == 1


@pytest.mark.parametrize("tool", ["ledger_unsafe", "ledger_blocking"])
@pytest.mark.parametrize(
    ("word", "times", "status"),
    [
        (Word.DONE, 1, CallStatus.SUCCEEDED),
        (Word.RETRY, 2, CallStatus.SUCCEEDED),
        (Word.GIVE_UP, 1, CallStatus.UNSETTLED),
    ],
)
def test_what_may_not_be_done_again_waits_for_a_word(live_stack, talk_of, alice, dana, tool, word, times, status):
    talk = talk_of(alice)
    gate = f"killed-{tool}-{word}"
    run = killed_inside(live_stack, talk, tool, gate)
    live_stack.until(lambda: talk.run().status == RunStatus.WAITING, "the run waits")
    assert len(executions(run)) == 1

    open_gate(gate)
    settlements.settle(call_id=ToolCall.objects.get(run=run).pk, by=dana, word=word)

    talk.end_well()
    assert len(executions(run)) == times
    assert ToolCall.objects.get(run=run).status == status
