"""Redis is a cache of seconds and a doorbell: it may die, and come back empty, at any moment."""

from agents.models import Run, RunStatus
from tests.drills.services.faults import without_redis
from tests.fold import View


def has_ended(run_id: str) -> bool:
    return Run.objects.filter(pk=run_id, status=RunStatus.COMPLETED).exists()


def test_redis_dies_in_the_middle_of_answers_and_comes_back_empty(live_stack, socket_of, llm, alice, bob):
    first = llm.reply("one two three", pause_after=1)
    second = llm.reply("four five six", pause_after=1)
    llm.reply("Sorry to keep you waiting.")
    llm.reply("As ever.")
    socket, other = socket_of(alice), socket_of(bob)
    early = socket.ask("Count")
    socket.until_answer(early["runId"], "one")
    late = other.ask("Count on")
    other.until_answer(late["runId"], "four")

    with without_redis(live_stack, wipe=True):
        first.release()
        live_stack.until(lambda: has_ended(early["runId"]), "the answer is complete without Redis")
        assert socket.end(early["runId"])["outcome"] == {"type": "success"}
        unheard = socket_of(bob).ask("Is anybody there?")
    second.release()

    for asker, ack, answer in ((socket, early, "one two three"), (other, late, "four five six")):
        asker.end(ack["runId"])
        assert asker.view.run(ack["runId"]).answer == answer
    assert View(live_stack.page_data(early["threadId"], alice)["events"]).lasting == socket.view.lasting
    assert View(live_stack.page_data(late["threadId"], bob)["events"]).lasting == other.view.lasting
    live_stack.until(lambda: has_ended(unheard["runId"]), "the question whose bell was lost is answered")
    assert socket.answer_to("And now?") == "As ever."
