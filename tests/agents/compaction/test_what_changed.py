"""A summary stands as long as what it was made of."""

import pytest
from django.db import IntegrityError, transaction

from agents import actions
from agents.models import Compaction, Run, RunStatus
from tests.agents.compaction.talk import NEEDLE, SECOND, SECOND_ANSWER, SUMMARY, said, words
from tests.agents.running import at_rest, started


def test_a_summary_of_a_turn_that_was_replaced_is_void(grown, llm, alice):
    llm.reply(SUMMARY)
    llm.reply("It is 4711.")
    grown.ask("Which locker is mine?")
    llm.reply("Answered anew.")

    again = at_rest(grown.stack, actions.retry_run(run=grown.thread.runs.get(position=0), user=alice))

    request = llm.requests[-1]
    assert again.position == 3
    assert SUMMARY not in str(request.messages)
    assert said(request)[0].startswith("Secondly")
    assert said(request)[-1].startswith(NEEDLE)


def test_asking_again_behind_a_summary_keeps_it(grown, llm, alice):
    llm.reply(SUMMARY)
    llm.reply("It is 4712.")
    run = grown.ask("Which locker is mine?")
    llm.reply("It is 4711.")

    at_rest(grown.stack, actions.retry_run(run=run, user=alice))

    assert SUMMARY in llm.requests[-1].messages[0]["content"]
    assert said(llm.requests[-1]) == [SECOND, SECOND_ANSWER, "Which locker is mine?"]


def test_a_turn_that_is_replaced_while_it_is_summarised_makes_the_summary_void(grown, llm, alice):
    summary = llm.reply(SUMMARY, pause_after=1)
    llm.reply("It is 4711.")
    llm.reply("Answered anew.")
    asked = started(grown.thread.agent, alice, "Which locker is mine?", thread=grown.thread)
    summary.held.wait()

    again = actions.retry_run(run=grown.thread.runs.get(position=0), user=alice)
    summary.release()
    at_rest(grown.stack, again)

    assert Compaction.objects.filter(run=asked).exists()
    assert SUMMARY in llm.requests[-2].messages[0]["content"]
    assert SUMMARY not in str(llm.requests[-1].messages)
    assert said(llm.requests[-1])[-1].startswith(NEEDLE)


def test_a_turn_that_goes_on_after_all_is_summarised_anew(talk, llm, dana):
    llm.fails(401)
    first = talk.ask(f"{NEEDLE} {words(1_300)}")
    Run.objects.filter(pk=first.pk).update(status=RunStatus.DEAD, recoveries=5)
    llm.reply(SECOND_ANSWER)
    talk.ask(SECOND)
    llm.reply(SUMMARY)
    llm.reply("It is 4711.")
    talk.ask("Which locker is mine?")

    llm.reply("Noted at last.")
    actions.resume_run(run=first, by=dana)
    at_rest(talk.stack, first)
    llm.reply("A better summary.")
    llm.reply("Gladly.")
    talk.ask("And now?")

    assert said(llm.requests[-3])[0].startswith(NEEDLE)
    assert "Noted at last." in llm.requests[-2].messages[-1]["content"]
    assert "A better summary." in llm.requests[-1].messages[0]["content"]
    assert Compaction.objects.get(thread=talk.thread, is_void=False).text == "A better summary."
    assert Compaction.objects.filter(thread=talk.thread, is_void=True).count() == 1


def test_two_summaries_cannot_stand_at_one_place(grown, llm):
    llm.reply(SUMMARY)
    llm.reply("It is 4711.")
    run = grown.ask("Which locker is mine?")
    kept = Compaction.objects.get(run=run)

    with pytest.raises(IntegrityError), transaction.atomic():
        Compaction.objects.create(
            thread=kept.thread, run=run, position=1, up_to_position=kept.up_to_position, turns=1, text="x", tokens=1
        )
