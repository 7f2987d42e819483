"""Workers die, leave and freeze in mid-answer; the question is answered all the same, once."""

from django.db.models.functions import Now

from agents.models import Message, Role, Run, RunStatus
from tests.fold import View
from tests.llm import call


def answers_of(run_id: str) -> list[str]:
    said = Message.objects.filter(run=run_id, role=Role.ASSISTANT).order_by("position")
    return list(said.values_list("text", flat=True))


def test_a_killed_worker_is_replaced_and_only_what_was_not_committed_is_done_again(live_stack, socket_of, llm, alice):
    llm.asks(call("calculator", expression="6 * 7"), text="Let me see.")
    llm.reply("It is", pause_after=1)
    llm.reply("It is 42.")
    socket = socket_of(alice)
    ack = socket.ask("What is 6 times 7?")
    socket.until_answer(ack["runId"], "Let me see.It")

    live_stack.workers[0].kill()
    live_stack.start_worker()
    socket.end(ack["runId"])

    assert answers_of(ack["runId"]) == ["Let me see.", "It is 42."]
    assert [tool.status for tool in socket.view.run(ack["runId"]).tools] == ["succeeded"]
    assert llm.requests[2].messages == llm.requests[1].messages
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting
    run = Run.objects.get(pk=ack["runId"])
    assert (run.status, run.recoveries, run.epoch) == (RunStatus.COMPLETED, 1, 2)
    assert (run.input_tokens, run.output_tokens) == (40, 20)


def test_a_worker_that_is_asked_to_leave_hands_its_run_over(live_stack, socket_of, llm, alice):
    first = llm.reply("one two", pause_after=1)
    llm.reply("three four")
    socket = socket_of(alice)
    ack = socket.ask("Count")
    first.held.wait()
    successor = live_stack.start_worker()

    live_stack.workers[0].ask_to_stop()
    socket.end(ack["runId"])

    assert successor.is_running
    assert socket.view.run(ack["runId"]).answer == "three four"
    assert Run.objects.get(pk=ack["runId"]).recoveries == 0


def test_a_worker_that_wakes_up_too_late_changes_nothing(live_stack, socket_of, llm, alice):
    stale = llm.reply("one two", pause_after=1)
    llm.reply("three four")
    socket = socket_of(alice)
    ack = socket.ask("Count")
    socket.until_answer(ack["runId"], "one")
    frozen = live_stack.workers[0]
    live_stack.start_worker()

    frozen.freeze()
    end = socket.end(ack["runId"])
    stale.release()
    stale.answered.wait()  # it lies in the socket of the frozen worker, who will take it for its own
    frozen.thaw()
    live_stack.until_said(frozen, rf"Run {ack['runId']}.*lost")

    assert answers_of(ack["runId"]) == ["three four"]
    again = socket_of(alice)
    again.send("subscribe", threadId=ack["threadId"])
    assert again.end(ack["runId"]) == end
    assert again.view.lasting == socket.view.lasting


def test_a_worker_that_slept_past_its_lease_takes_its_run_up_again(live_stack, socket_of, llm, alice):
    llm.reply("one two", pause_after=1)
    llm.reply("three four")
    socket = socket_of(alice)
    ack = socket.ask("Count")
    socket.until_answer(ack["runId"], "one")
    (worker,) = live_stack.workers

    worker.freeze()
    live_stack.until(lambda: Run.objects.filter(pk=ack["runId"], lease_expires_at__lt=Now()).exists(), "it is late")
    worker.thaw()

    socket.end(ack["runId"])
    assert socket.view.run(ack["runId"]).answer == "three four"
    assert answers_of(ack["runId"]) == ["three four"]


def test_a_stop_is_heard_even_when_the_worker_dies_first(live_stack, socket_of, llm, alice):
    llm.reply("one two three", pause_after=2)
    socket = socket_of(alice)
    ack = socket.ask("Count")
    socket.until_answer(ack["runId"], "one two")
    live_stack.workers[0].freeze()
    socket.send("run.cancel", runId=ack["runId"])

    live_stack.workers[0].kill()
    live_stack.start_worker()

    assert socket.end(ack["runId"])["outcome"] == {"type": "cancelled"}
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting


def test_a_question_without_a_worker_waits_for_one(live_stack, socket_of, llm, alice):
    llm.reply("Sorry to keep you waiting.")
    socket = socket_of(alice)
    live_stack.workers[0].stop()

    ack = socket.ask("Anybody there?")
    socket.until_status(ack["runId"], "queued")
    live_stack.start_worker()

    socket.end(ack["runId"])
    assert socket.view.run(ack["runId"]).answer == "Sorry to keep you waiting."
