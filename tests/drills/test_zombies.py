"""Workers that freeze, lose their runs to others, and wake up: they change nothing any more."""

import pytest

from tests.drills.ledger.book import executions, open_gate
from tests.drills.obedient import Plan
from tests.drills.rows import dump
from tests.llm import call


def test_a_worker_that_froze_in_the_middle_of_an_answer_changes_nothing_when_it_wakes(live_stack, talk_of, llm, alice):
    talk = talk_of(alice)
    stale = llm.reply("one two three", pause_after=1)
    run = talk.ask(Plan("zombie"))
    talk.socket.until_answer(run, "one")
    frozen = live_stack.workers[0]
    live_stack.start_worker()
    frozen.freeze()

    talk.end_well()
    before = dump(talk.run())
    stale.release()
    stale.answered.wait()  # it lies in the socket of the frozen worker, who will take it for its own
    frozen.thaw()
    live_stack.until_said(frozen, rf"Run {run}.*lost")

    assert dump(talk.run()) == before
    talk.end_well()


@pytest.mark.parametrize("effect", ["read", "idempotent"])
def test_a_worker_that_froze_inside_a_tool_changes_nothing_when_it_wakes(live_stack, talk_of, alice, effect):
    talk, gate = talk_of(alice), f"zombie-{effect}"
    run = talk.ask(Plan("zombie", ((call(f"ledger_{effect}", note="once", gate=gate),),)))
    live_stack.until(lambda: executions(run) != [], "the tool is at work")
    frozen = live_stack.workers[0]
    live_stack.start_worker()
    frozen.freeze()
    live_stack.until(lambda: len(executions(run)) == 2, "the successor does it again")
    open_gate(gate)

    talk.end_well()
    before = dump(talk.run())
    frozen.thaw()
    live_stack.until_said(frozen, rf"Run {run}.*lost")

    assert dump(talk.run()) == before
    assert len({execution.key for execution in executions(run)}) == 1
    assert [execution.attempt for execution in executions(run)] == [1, 2]
