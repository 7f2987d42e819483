"""Workers die around the commit of a summary."""

from django.db.models.functions import Now

from agents.models import Compaction, Run, RunStatus
from tests.agents.compaction.talk import SUMMARY, Talk
from tests.agents.running import at_rest, started
from tests.drills.checker import problems_of, problems_of_person
from tests.drills.talk import let_bells_be_missed


def asked_of_a_worker_that_dies_at(point: str, talk: Talk) -> Run:
    """The next question, begun by that worker and answered by another one."""
    for worker in talk.stack.workers:
        worker.kill()
    doomed = talk.stack.start_worker(fault=point)
    talk.asked.append("Which locker is mine?")
    begun = started(talk.thread.agent, talk.user, talk.asked[-1], thread=talk.thread)
    talk.stack.until(lambda: not doomed.is_running, f"the worker dies at {point}")
    Run.objects.filter(pk=begun.pk, status=RunStatus.RUNNING).update(lease_expires_at=Now())
    let_bells_be_missed(str(begun.pk))
    talk.stack.start_worker(wait=False)
    return at_rest(talk.stack, begun)


def test_killed_before_the_summary_is_kept_it_is_made_again_and_counted_once(grown, llm, alice):
    for _ in range(2):
        llm.reply(SUMMARY)
    llm.reply("It is 4711.")

    run = asked_of_a_worker_that_dies_at("before_compaction_commit", grown)

    assert (run.status, run.llm_calls, run.recoveries) == (RunStatus.COMPLETED, 2, 1)
    assert Compaction.objects.filter(thread=grown.thread).count() == 1
    assert problems_of(grown.thread.pk, grown.asked) == []
    assert problems_of_person(alice) == []


def test_killed_after_the_summary_is_kept_it_is_never_made_again(grown, llm, alice):
    llm.reply(SUMMARY)
    llm.reply("It is 4711.")

    run = asked_of_a_worker_that_dies_at("after_compaction_commit", grown)

    assert (run.status, run.llm_calls, run.recoveries) == (RunStatus.COMPLETED, 2, 1)
    assert SUMMARY in llm.requests[-1].messages[0]["content"]
    assert problems_of(grown.thread.pk, grown.asked) == []
    assert problems_of_person(alice) == []
