"""Agents that give tasks to others, and agents that hand a conversation over."""

import json
import random

import pytest

from agents import actions, approvals
from agents.models import Agent, DailyUsage, Handoff, Run, RunStatus, StopReason, Thread, Verdict, WaitKind
from agents.refusals import Conflict
from observability.models import Span, Trace
from tests.agents.running import asked, at_rest, result, started
from tests.drills.agents import ledger_agent
from tests.drills.ledger.book import executions, open_gate
from tests.drills.talk import let_leases_run_out
from tests.fold import View
from tests.llm import call
from tests.llm.script import Script


@pytest.fixture
def team(live_stack):
    """A manager who may ask a reader and a payer."""
    ledger_agent("reader", tools=["ledger_read"])
    ledger_agent("payer", tools=["ledger_unsafe"], approvals={"ledger_unsafe": {}})
    return ledger_agent("manager", tools=[], children=["reader", "payer"])


@pytest.fixture
def desk(live_stack):
    """A desk that hands over to the cashier or to the mechanic."""
    ledger_agent("cashier", handoffs={"targets": {"mechanic": "technical trouble", "desk": "anything else"}})
    ledger_agent("mechanic", handoffs={"targets": {"cashier": "money"}})
    return ledger_agent(
        "desk", tools=[], handoffs={"targets": {"cashier": "money", "mechanic": "technical trouble"}, "threshold": 0.6}
    )


def hand_off(agent: str, confidence: float = 0.9):
    return call("hand_off", agent=agent, reason="It is about money.", confidence=confidence)


def child_of(run: Run, slug: str) -> Run:
    return Run.objects.get(parent=run, agent_version__agent__slug=slug)


def test_a_task_is_done_by_another_agent_and_its_answer_is_the_result(live_stack, llm, alice, team):
    llm.asks(call("ask_reader", task="Look up the balance."))
    llm.asks(call("ledger_read", note="balance"))
    llm.reply("It is 5.")
    llm.reply("You have 5.")

    run = at_rest_in_the_end(live_stack, started(team, alice))

    assert run.status == RunStatus.COMPLETED
    assert result(run, "ask_reader") == ("succeeded", "It is 5.")
    assert llm.requests[1].question == "Look up the balance."
    child = child_of(run, "reader")
    assert (child.depth, child.root_id, child.thread.owner) == (1, run.pk, None)
    assert [done.note for done in executions(child.pk)] == ["balance"]


def test_what_a_team_used_is_counted_once_in_all_its_books(live_stack, llm, alice, team):
    llm.asks(call("ask_reader", task="Look it up."), input_tokens=100)
    llm.reply("Done.", input_tokens=1000)
    llm.reply("Well.", input_tokens=10_000)

    run = at_rest_in_the_end(live_stack, started(team, alice))

    trace = Trace.objects.get(pk=run.pk)
    spans = Span.objects.filter(trace_id=run.pk)
    assert run.input_tokens == trace.input_tokens == sum(span.input_tokens for span in spans) == 11_100
    assert run.cost == trace.cost == sum(span.cost or 0 for span in spans)
    assert DailyUsage.objects.get(user=alice).cost == run.cost
    assert not Trace.objects.filter(pk=child_of(run, "reader").pk).exists()
    (delegation,) = spans.filter(kind="invoke_agent")
    assert spans.filter(parent_id=delegation.id, kind="chat").count() == 1


def test_children_work_at_the_same_time(live_stack, llm, alice, team):
    for slug in ("left", "right"):
        ledger_agent(slug, tools=["ledger_read"])
    both = ledger_agent("both", tools=[], children=["left", "right"])
    llm.otherwise = _Two()
    run = started(both, alice)

    live_stack.until(lambda: len(_notes(run)) == 2, "both are at work before either has ended")
    open_gate("two")

    assert at_rest_in_the_end(live_stack, run).status == RunStatus.COMPLETED


class _Two:
    """An LLM whose children wait at the same gate."""

    def __call__(self, request):
        roles = [message["role"] for message in request.messages]
        if "tool" in roles:
            return Script(text="Done.")
        offered = [tool["function"]["name"] for tool in request.body.get("tools", [])]
        if "ledger_read" in offered:
            return Script(calls=(call("ledger_read", note=request.question, gate="two"),))
        return Script(calls=(call("ask_left", task="left"), call("ask_right", task="right")))


def _notes(run: Run) -> list[str]:
    children = Run.objects.filter(parent=run).values_list("pk", flat=True)
    return [done.note for child in children for done in executions(child)]


def test_a_childs_failure_is_a_result_and_not_the_end(live_stack, llm, alice, team):
    llm.asks(call("ask_reader", task="Look it up."))
    llm.fails(401)
    llm.reply("I could not look it up.")

    run = at_rest_in_the_end(live_stack, started(team, alice))

    assert run.status == RunStatus.COMPLETED
    status, words = result(run, "ask_reader")
    assert status == "failed"
    assert "Reader could not do it" in words


def test_a_task_set_aside_is_not_sent_back_to_work_for_a_parent_that_has_gone_on(live_stack, llm, alice, dana, team):
    llm.asks(call("ask_reader", task="Look it up."))
    llm.fails(401)
    llm.reply("I could not look it up.")
    run = at_rest_in_the_end(live_stack, started(team, alice))
    child = child_of(run, "reader")
    Run.objects.filter(pk=child.pk).update(status=RunStatus.DEAD)

    with pytest.raises(Conflict, match="gone on without it"):
        actions.resume_run(run=child, by=dana)


def test_a_childs_approval_is_asked_of_the_person_at_the_root(live_stack, llm, alice, team):
    llm.asks(call("ask_payer", task="Pay the rent."))
    llm.asks(call("ledger_unsafe", note="rent"))
    llm.reply("Paid.")
    llm.reply("It is paid.")
    run = started(team, alice)
    live_stack.until(lambda: Run.objects.filter(parent=run, wait_kind=WaitKind.APPROVAL).exists(), "the payer asks")
    child = child_of(run, "payer")
    assert Run.objects.get(pk=run.pk).wait_kind == WaitKind.CHILD

    approvals.decide(approval_id=asked(child).id, by=alice, verdict=Verdict.APPROVE)

    assert at_rest_in_the_end(live_stack, run).status == RunStatus.COMPLETED
    assert [done.note for done in executions(child.pk)] == ["rent"]


def test_stopping_a_run_stops_its_children(live_stack, llm, alice, team):
    llm.asks(call("ask_payer", task="Pay the rent."))
    llm.asks(call("ledger_unsafe", note="rent"))
    run = started(team, alice)
    live_stack.until(lambda: Run.objects.filter(parent=run, wait_kind=WaitKind.APPROVAL).exists(), "the payer asks")

    actions.cancel_run(run)

    child = child_of(run, "payer")  # at once, without the reaper
    assert child.status == RunStatus.CANCELLED
    assert executions(child.pk) == []


def test_a_team_whose_worker_is_killed_goes_on(live_stack, llm, alice, team):
    llm.asks(call("ask_reader", task="Look it up."))
    llm.asks(call("ledger_read", note="balance", gate="team-killed"))
    llm.reply("It is 5.")
    llm.reply("You have 5.")
    run = started(team, alice)
    live_stack.until(lambda: _notes(run), "the reader reads")

    live_stack.workers[0].kill()
    let_leases_run_out(live_stack)
    live_stack.start_worker()
    open_gate("team-killed")

    assert at_rest_in_the_end(live_stack, run).status == RunStatus.COMPLETED
    assert Run.objects.filter(parent=run).count() == 1


def test_the_page_shows_children_below_their_parent_and_a_reload_shows_the_same(
    live_stack, socket_of, llm, alice, team
):
    llm.asks(call("ask_reader", task="Look it up."))
    llm.reply("It is 5.")
    llm.reply("You have 5.")
    socket = socket_of(alice)
    ack = socket.ask("How much?", agent=team.slug)
    socket.until_answer(ack["runId"], "You have 5.")
    socket.end(ack["runId"])
    child = child_of(Run.objects.get(pk=ack["runId"]), "reader")

    socket.end(str(child.pk))

    started_events = [event for event in socket.events if event["type"] == "RUN_STARTED"]
    (nested, *_) = [event for event in started_events if event["metadata"]["runId"] == str(child.pk)][-1:]
    assert nested["metadata"]["parent"] == {"runId": ack["runId"], "toolCallId": str(child.parent_call.pk)}
    assert {event["metadata"]["threadId"] for event in socket.events} == {ack["threadId"]}
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting


def test_one_budget_holds_for_the_whole_team(live_stack, llm, alice, team):
    ledger_agent("spender", tools=["ledger_read"])
    frugal = ledger_agent("frugal", tools=[], children=["spender"], max_tokens=6_000, parameters={"max_tokens": 100})
    llm.asks(call("ask_spender", task="Look it up."), input_tokens=5_500)
    llm.reply("I may not.", input_tokens=10)

    run = at_rest_in_the_end(live_stack, started(frugal, alice))

    child = child_of(run, "spender")
    assert (child.status, child.stop_reason) == (RunStatus.FAILED, StopReason.MAX_TOKENS)


def test_agents_give_tasks_only_three_deep(live_stack, llm, alice):
    for slug, below in (("four", []), ("three", ["four"]), ("two", ["three"]), ("one", ["two"]), ("top", ["one"])):
        ledger_agent(slug, tools=[], children=below)
    for name in ("ask_one", "ask_two", "ask_three"):
        llm.asks(call(name, task="Go on."))
    for _ in range(4):
        llm.reply("Done.")

    run = at_rest_in_the_end(live_stack, started(Agent.objects.get(slug="top"), alice))

    assert run.status == RunStatus.COMPLETED
    assert "tools" not in llm.requests[3].body


def test_a_desk_hands_over_and_the_decision_is_kept(live_stack, llm, alice, desk):
    llm.asks(hand_off("cashier"))
    llm.reply("Your invoice is on its way.")

    run = at_rest_in_the_end(live_stack, started(desk, alice, "Where is my invoice?"))

    assert run.agent_version.agent.slug == "cashier"
    handoff = Handoff.objects.get(run=run)
    assert (handoff.source.agent.slug, handoff.reason, handoff.confidence) == ("desk", "It is about money.", 0.9)
    assert "ledger_read" in [tool["function"]["name"] for tool in llm.requests[1].body["tools"]]
    assert run.thread.agent == desk
    assert run.thread.active_agent is None


def test_an_unsure_desk_asks_instead_of_guessing(live_stack, llm, alice, desk):
    llm.asks(hand_off("cashier", confidence=0.4))
    llm.reply("Is it about an invoice?")

    run = at_rest_in_the_end(live_stack, started(desk, alice))

    assert run.agent_version.agent == desk
    assert "ask the person" in llm.requests[1].messages[-1]["content"]
    assert not Handoff.objects.filter(run=run).exists()


def test_a_question_does_not_go_round_in_circles(live_stack, llm, alice, desk):
    llm.asks(hand_off("cashier"))
    llm.asks(hand_off("mechanic"))
    llm.asks(hand_off("cashier"))
    llm.reply("I will look myself.")

    run = at_rest_in_the_end(live_stack, started(desk, alice))

    assert run.agent_version.agent.slug == "mechanic"
    assert "has had this question already" in llm.requests[3].messages[-1]["content"]


def test_who_takes_over_for_good_answers_the_next_question(live_stack, llm, alice, desk):
    sticky = ledger_agent("sticky", tools=[], handoffs={"targets": {"cashier": "money"}, "next_turn": "sticky"})
    thread = Thread.objects.create(owner=alice, agent=sticky)
    llm.asks(hand_off("cashier"))
    llm.reply("First.")
    llm.reply("Second.")
    at_rest_in_the_end(live_stack, started(sticky, alice, thread=thread))

    run = at_rest_in_the_end(live_stack, started(sticky, alice, thread=thread))

    assert run.agent_version.agent.slug == "cashier"
    assert len(llm.requests) == 3


def test_who_takes_over_sees_only_the_question_where_the_desk_says_so(live_stack, llm, alice, desk):
    discreet = ledger_agent("discreet", tools=[], handoffs={"targets": {"cashier": "money"}, "history": "question"})
    thread = Thread.objects.create(owner=alice, agent=discreet)
    llm.reply("Hello.")
    llm.asks(hand_off("cashier"))
    llm.reply("Here it is.")
    at_rest_in_the_end(live_stack, started(discreet, alice, "My secret is 7.", thread=thread))

    at_rest_in_the_end(live_stack, started(discreet, alice, "My invoice?", thread=thread))

    assert "My secret" in json.dumps(llm.requests[1].messages)
    assert "My secret" not in json.dumps(llm.requests[2].messages)


def test_a_page_sees_the_hand_over_and_a_reload_sees_the_same(live_stack, socket_of, llm, alice, desk):
    llm.asks(hand_off("cashier"))
    llm.reply("Your invoice is on its way.")
    socket = socket_of(alice)
    ack = socket.ask("Where is my invoice?", agent=desk.slug)

    socket.end(ack["runId"])

    told = [event["value"] for event in socket.events if event.get("name") == "handoff"]
    page = live_stack.page_data(ack["threadId"], alice)["events"]
    assert told == [event["value"] for event in page if event.get("name") == "handoff"]
    assert told[0]["to"]["slug"] == "cashier"
    assert View(page).lasting == socket.view.lasting


def at_rest_in_the_end(stack, run: Run) -> Run:
    stack.until(lambda: Run.objects.get(pk=run.pk).is_finished, "the run has ended")
    return at_rest(stack, run)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_team_of_three_levels_that_is_killed_anywhere_ends_well(live_stack, llm, alice, seed):
    """The whole team's process dies at a moment drawn by the seed; another worker brings all of it to its end."""
    ledger_agent("lowest", tools=["ledger_idempotent"])
    ledger_agent("middle", tools=["ledger_read"], children=["lowest"])
    top = ledger_agent("highest", tools=["ledger_read"], children=["middle"])
    llm.otherwise = _Deep()
    draw = random.Random(seed)  # noqa: S311 - replayable on purpose
    run = started(top, alice, "Go down")
    deeds = draw.randint(1, 3)
    live_stack.until(lambda: len(_deeds(run)) >= deeds or Run.objects.get(pk=run.pk).is_finished, f"{deeds} deeds")

    live_stack.workers[0].kill()
    let_leases_run_out(live_stack)
    live_stack.start_worker()

    assert at_rest_in_the_end(live_stack, run).status == RunStatus.COMPLETED
    team = Run.objects.filter(root=run)
    assert sorted(team.values_list("depth", "status")) == [(1, "completed"), (2, "completed")]
    lowest = team.get(depth=2)
    assert len({done.key for done in executions(lowest.pk)}) == 1
    spans = Span.objects.filter(trace_id=run.pk, kind="chat", status="ok")
    root = Run.objects.get(pk=run.pk)
    assert root.input_tokens == sum(span.input_tokens for span in spans)


class _Deep:
    """An LLM whose every agent looks something up, gives the task on as deep as it goes, and answers."""

    def __call__(self, request):
        offered = {tool["function"]["name"] for tool in request.body.get("tools", [])}
        asked = [ask["function"]["name"] for message in request.messages for ask in message.get("tool_calls") or []]
        for name in ("ledger_read", "ledger_idempotent"):
            if name in offered and name not in asked:
                return Script(calls=(call(name, note=request.question),))
        for name in ("ask_middle", "ask_lowest"):
            if name in offered and name not in asked:
                return Script(calls=(call(name, task="Go further down"),))
        return Script(text="Done.")


def _deeds(run: Run) -> list[str]:
    team = Run.objects.filter(root=run).values_list("pk", flat=True)
    return [done.note for one in (run.pk, *team) for done in executions(one)]


def test_two_agents_down_a_person_is_asked_and_the_word_counts_there(live_stack, llm, alice):
    ledger_agent("teller", tools=["ledger_unsafe"], approvals={"ledger_unsafe": {}})
    ledger_agent("foreman", tools=[], children=["teller"])
    boss = ledger_agent("boss", tools=[], children=["foreman"])
    llm.asks(call("ask_foreman", task="See to the rent."))
    llm.asks(call("ask_teller", task="Pay the rent."))
    llm.asks(call("ledger_unsafe", note="rent"))
    for text in ("Not paid.", "It was not paid.", "The rent is not paid."):
        llm.reply(text)
    run = started(boss, alice)
    live_stack.until(lambda: Run.objects.filter(root=run, wait_kind=WaitKind.APPROVAL).exists(), "the teller asks")
    teller = Run.objects.get(root=run, depth=2)

    approvals.decide(approval_id=asked(teller).id, by=alice, verdict=Verdict.DENY, comment="Later.")

    assert at_rest_in_the_end(live_stack, run).status == RunStatus.COMPLETED
    assert executions(teller.pk) == []
    assert [request.messages[-1]["content"] for request in llm.requests[4:]] == ["Not paid.", "It was not paid."]
