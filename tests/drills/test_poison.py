"""A run that kills every worker that touches it is set aside, and can be sent back to work."""

from django.conf import settings

from agents import actions
from agents.models import RunStatus
from tests.drills.ledger.book import executions, open_gate
from tests.drills.obedient import Plan
from tests.drills.talk import let_leases_run_out
from tests.llm import call


def test_a_run_that_kills_its_workers_is_set_aside_and_goes_on_when_it_is_sent_back(
    live_stack, talk_of, alice, bob, dana
):
    talk, other = talk_of(alice), talk_of(bob)
    poison = call("ledger_poison", note="poison", cure="antidote")
    run = talk.ask(Plan("poison", ((call("ledger_unsafe", note="pay"),), (poison,))))
    for _ in range(1 + settings.RUN_RECOVERIES):
        worker = live_stack.workers[-1]
        worker.may_end = True
        live_stack.until(lambda worker=worker: not worker.is_running, "the worker dies of it")
        let_leases_run_out(live_stack)
        live_stack.start_worker(wait=False)

    talk.socket.until("RUN_ERROR", run=run, code="recoveries_exhausted")
    assert talk.run().status == RunStatus.DEAD
    other.ask(Plan("healthy"))
    other.end_well()

    open_gate("antidote")
    actions.resume_run(run=talk.run(), by=dana)

    talk.socket.until_status(run, "success")
    assert [execution.tool for execution in executions(run)] == ["ledger_unsafe"] + ["ledger_poison"] * 7
    assert talk.run().status == RunStatus.COMPLETED
    assert live_stack.workers[-1].is_running
