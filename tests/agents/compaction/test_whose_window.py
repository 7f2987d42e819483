"""Each agent sees its own part of a long conversation."""

from agents.models import Run, RunStatus
from tests.agents.compaction.talk import BUDGET, SUMMARY, Talk, said
from tests.agents.running import started
from tests.drills.agents import ledger_agent
from tests.llm import call


def test_who_takes_over_with_the_question_alone_sees_no_summary(live_stack, llm, alice):
    ledger_agent("short-cashier", tools=[], memory={"context_tokens": BUDGET})
    desk = ledger_agent(
        "short-desk",
        tools=[],
        memory={"context_tokens": BUDGET},
        handoffs={"targets": {"short-cashier": "money"}, "history": "question"},
    )
    talk = Talk(live_stack, llm, alice, desk)
    talk.grow()
    llm.reply(SUMMARY)
    llm.asks(call("hand_off", agent="short-cashier", reason="Money.", confidence=0.9))
    llm.reply("You owe nothing.")

    talk.ask("What do I owe?")

    assert SUMMARY in llm.requests[-2].messages[0]["content"]
    assert SUMMARY not in str(llm.requests[-1].messages)
    assert said(llm.requests[-1])[0] == "What do I owe?"


def test_who_takes_over_with_the_whole_history_sees_the_summary(live_stack, llm, alice):
    ledger_agent("whole-cashier", tools=[], memory={"context_tokens": BUDGET})
    desk = ledger_agent(
        "whole-desk",
        tools=[],
        memory={"context_tokens": BUDGET},
        handoffs={"targets": {"whole-cashier": "money"}, "history": "all"},
    )
    talk = Talk(live_stack, llm, alice, desk)
    talk.grow()
    llm.reply(SUMMARY)
    llm.asks(call("hand_off", agent="whole-cashier", reason="Money.", confidence=0.9))
    llm.reply("You owe nothing.")

    talk.ask("What do I owe?")

    assert SUMMARY in llm.requests[-1].messages[0]["content"]


def test_a_child_agent_sees_its_task_alone(live_stack, llm, alice):
    ledger_agent("short-reader", tools=[], memory={"context_tokens": BUDGET})
    manager = ledger_agent("short-manager", tools=[], memory={"context_tokens": BUDGET}, children=["short-reader"])
    talk = Talk(live_stack, llm, alice, manager)
    talk.grow()
    llm.reply(SUMMARY)
    llm.asks(call("ask_short_reader", task="Look."))
    llm.reply("Seen.")
    llm.reply("It was seen.")

    run = started(manager, alice, "Have it looked at.", thread=talk.thread)
    live_stack.until(lambda: Run.objects.get(pk=run.pk).status == RunStatus.COMPLETED, "the manager has answered")

    assert said(llm.requests[-2]) == ["Look."]
    assert SUMMARY in llm.requests[-1].messages[0]["content"]
