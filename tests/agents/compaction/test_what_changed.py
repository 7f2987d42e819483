"""A summary stands as long as what it was made of."""

import pytest
from django.db import IntegrityError, transaction

from agents import actions
from agents.models import Compaction, Run
from tests.agents.compaction.talk import NEEDLE, SECOND, SECOND_ANSWER, SUMMARY, said
from tests.agents.running import at_rest


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


def test_a_new_summary_may_take_the_place_of_a_void_one(grown, llm, alice):
    llm.reply(SUMMARY)
    llm.reply("It is 4711.")
    grown.ask("Which locker is mine?")
    void = Compaction.objects.get(thread=grown.thread)
    Run.objects.filter(thread=grown.thread, position=0).update(finished_at=void.run.finished_at)  # it went on
    llm.reply("A better summary.")
    llm.reply("Gladly.")

    grown.ask("And now?")

    assert NEEDLE in llm.requests[-2].messages[-1]["content"]
    assert "A better summary." in llm.requests[-1].messages[0]["content"]
    standing = Compaction.objects.get(thread=grown.thread, is_void=False, up_to_position__gte=0)
    assert standing.text == "A better summary."


def test_two_summaries_cannot_stand_at_one_place(grown, llm):
    llm.reply(SUMMARY)
    llm.reply("It is 4711.")
    run = grown.ask("Which locker is mine?")
    kept = Compaction.objects.get(run=run)

    with pytest.raises(IntegrityError), transaction.atomic():
        Compaction.objects.create(
            thread=kept.thread, run=run, position=1, up_to_position=kept.up_to_position, turns=1, text="x", tokens=1
        )
