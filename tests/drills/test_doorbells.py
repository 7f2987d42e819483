"""Doorbells come twice, never, or in the wrong order: the rows decide what is done."""

from tests.drills import bells
from tests.drills.ledger.book import executions, open_gate
from tests.drills.obedient import Plan
from tests.drills.talk import let_bells_be_missed
from tests.llm import call


def test_a_bell_that_rings_five_times_is_one_claim(live_stack, talk_of, alice):
    talk = talk_of(alice)
    run = talk.ask(Plan("five bells", ((call("ledger_unsafe", note="pay", gate="five-bells"),),)))
    live_stack.until(lambda: executions(run) != [], "the tool is at work")

    bells.ring(run, times=5)
    live_stack.until(lambda: bells.waiting() == [], "all five were heard")
    open_gate("five-bells")
    talk.socket.end(run)
    bells.ring(run, times=5)
    live_stack.until(lambda: bells.waiting() == [], "all five were heard again")

    talk.end_well()
    assert talk.run().epoch == 1


def test_a_bell_that_was_lost_is_rung_again(live_stack, talk_of, alice):
    talk = talk_of(alice)
    live_stack.workers[0].stop()
    run = talk.ask(Plan("lost bell"))
    live_stack.until(lambda: bells.waiting() == [run], "the bell is on its way")

    bells.lose()
    live_stack.start_worker()
    let_bells_be_missed(run)

    talk.end_well()
    assert talk.run().epoch == 1


def test_bells_in_the_wrong_order_change_no_order(live_stack, talk_of, llm, alice):
    talk = talk_of(alice)
    live_stack.workers[0].stop()
    runs = [talk.ask(Plan(name)) for name in ("first", "second", "third")]
    live_stack.until(lambda: len(bells.waiting()) == 3, "all bells are on their way")

    bells.reverse()
    assert bells.waiting() == [*reversed(runs)]
    live_stack.start_worker()

    talk.end_well()
    assert [Plan.of(request.question).name for request in llm.requests] == ["first", "second", "third"]
