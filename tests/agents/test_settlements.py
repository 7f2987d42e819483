"""A call that was cut off in the middle of a side effect waits for a person's word, and that word decides."""

import pytest

from agents import actions, settlements
from agents.models import Run, RunStatus, Settlement, WaitKind
from agents.refusals import Conflict, Forbidden
from tests.agents.running import at_rest, result, started
from tests.drills.agents import ledger_agent
from tests.drills.ledger.book import executions, open_gate
from tests.drills.talk import let_leases_run_out
from tests.llm import call

Word = Settlement.Word


@pytest.fixture
def cut_off(live_stack, llm, alice):
    """A run whose worker was killed while it paid, and that another worker has taken over."""

    def made(and_then="Done."):
        gate = f"paying-{Run.objects.count()}"
        llm.asks(call("ledger_unsafe", note="rent", gate=gate))
        if and_then:
            llm.reply(and_then)
        run = started(ledger_agent(), alice)
        live_stack.until(lambda: executions(run.pk), "it pays")
        live_stack.workers[0].kill()
        let_leases_run_out(live_stack)
        live_stack.start_worker()
        open_gate(gate)
        return at_rest(live_stack, run)

    return made


def test_it_is_not_run_again_and_waits_for_an_operator(cut_off, alice, dana):
    run = cut_off(and_then="")

    assert (run.status, run.wait_kind) == (RunStatus.WAITING, WaitKind.INPUT)
    assert result(run) == ("outcome_unknown", "")
    paid = run.tool_calls.get()
    with pytest.raises(Forbidden):
        settlements.settle(call_id=paid.id, by=alice, word=Word.DONE)

    actions.cancel_run(run)
    assert result(run)[0] == "unsettled"
    with pytest.raises(Conflict):
        settlements.settle(call_id=paid.id, by=dana, word=Word.DONE)


@pytest.mark.parametrize(
    ("word", "status", "times"),
    [(Word.DONE, "succeeded", 1), (Word.RETRY, "succeeded", 2), (Word.GIVE_UP, "unsettled", 1)],
)
def test_an_operators_word_decides(live_stack, cut_off, llm, dana, word, status, times):
    run = cut_off()
    paid = run.tool_calls.get()

    settlements.settle(call_id=paid.id, by=dana, word=word, comment="Looked at the bank.")
    settlements.settle(call_id=paid.id, by=dana, word=word)
    with pytest.raises(Conflict):
        settlements.settle(call_id=paid.id, by=dana, word=Word.RETRY if word != Word.RETRY else Word.DONE)

    run = at_rest(live_stack, run)
    assert run.status == RunStatus.COMPLETED
    assert result(run)[0] == status
    done = executions(run.pk)
    assert len(done) == times
    assert len({one.key for one in done}) == 1
    if word != Word.RETRY:
        assert "Looked at the bank." in llm.requests[-1].messages[-1]["content"]
