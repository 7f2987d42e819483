"""PostgreSQL is the truth: while it is away nothing is promised, and nothing that was promised is lost."""

from uuid import uuid4

from agents.models import CallStatus, Message, Role, Run, ToolCall
from tests.drills.agents import ledger_agent
from tests.drills.ledger import book
from tests.drills.services.faults import without_postgres
from tests.fold import View
from tests.llm import call


def test_postgres_is_away_while_people_ask_and_replies_and_results_come_in(
    live_stack, socket_of, llm, alice, bob, charlie
):
    ledger_agent()
    stream = llm.reply("one two three", pause_after=1)
    llm.asks(call("ledger_unsafe", note="pay", gate="away"))
    asker, payer, newcomer = socket_of(alice), socket_of(bob), socket_of(charlie)
    early = asker.ask("Count")
    asker.until_answer(early["runId"], "one")
    paying = payer.ask("Pay the bill", agent="ledger")
    live_stack.until(lambda: bool(book.executions(paying["runId"])), "the tool has had its effect")
    request = str(uuid4())

    with without_postgres(live_stack):
        stream.release()
        stream.answered.wait()
        llm.reply("It is paid.")
        llm.reply("I do.")
        book.open_gate("away")
        refused = newcomer.send("run.start", id=request, text="Does anybody hear me?")
    payer.end(paying["runId"])
    accepted = newcomer.send("run.start", id=request, text="Does anybody hear me?")

    assert (refused["type"], accepted["type"]) == ("nack", "ack")
    for socket, person, ack in ((asker, alice, early), (payer, bob, paying), (newcomer, charlie, accepted)):
        assert socket.end(ack["runId"])["outcome"] == {"type": "success"}
        assert View(live_stack.page_data(ack["threadId"], person)["events"]).lasting == socket.view.lasting
    assert Run.objects.filter(client_request_id=request).count() == 1
    assert [row.status for row in ToolCall.objects.filter(run=paying["runId"])] == [CallStatus.SUCCEEDED]
    assert len(book.executions(paying["runId"])) == 1
    assert Message.objects.filter(run=early["runId"], role=Role.ASSISTANT).count() == 1
    assert set(Run.objects.values_list("recoveries", flat=True)) == {0}
