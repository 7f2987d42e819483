"""What was found to work is told to answers it fits: once a run, to those it is meant for, and seen afterwards."""

from typing import Any

import pytest
from django.test import Client
from uuid_utils.compat import uuid7

from accounts.models import User
from agents.models import Agent, AgentVersion, Run, Trigger
from agents.triggers.firing import fire
from agents.triggers.keys import give_keys
from memory.models import Procedure, ProcedureOrigin, ProcedureStatus, ProcedureUse
from memory.proposals import Evidence, Proposal, decide, propose, write
from observability.models import Payload
from tests.agents.running import at_rest

ASKED = "How do refunds of hotel bookings work?"
BLOCK = "For refunds of hotel bookings: Look up the terms first."


def an_agent(**memory: Any) -> Agent:
    agent = Agent.objects.create(slug=f"concierge-{uuid7().hex[-10:]}", name="Concierge")
    agent.live = AgentVersion.objects.create(agent=agent, number=1, instructions="Help.", memory=memory)
    agent.save()
    return agent


def for_all(agent: Agent, dana: User) -> Procedure:
    trigger, body = "refunds of hotel bookings", "Look up the terms first."
    return write(by=dana, agent_id=agent.pk, trigger=trigger, body=body, steps=())


def for_one(agent: Agent, user: User, dana: User) -> Procedure:
    evidence = (Evidence(uuid7(), user.pk, speaks_for=True, is_rated=True),)
    trigger, body = "refunds of bookings", "Use the short form."
    made, _ = propose(Proposal(agent.pk, trigger, body, ProcedureOrigin.REFLECTION, evidence))
    return decide(made, ProcedureStatus.ACTIVE, by=dana)


def told(request: Any) -> str:
    """What stands between the marks; empty where nothing does."""
    return str(request.messages[0]["content"]).partition("<procedures>\n")[2].partition("\n</procedures>")[0]


def reminders(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for event in events if event.get("name") == "memory.used" for one in event["value"]["memories"]]


def test_an_answer_is_told_what_fits_and_everybody_can_see_that(live_stack, socket_of, llm, alice, dana):
    agent = an_agent()
    procedure = for_all(agent, dana)
    llm.reply("They are paid back within a week.")
    llm.reply("Good morning.")
    socket = socket_of(alice)

    ack = socket.ask(ASKED, agent=agent.slug)
    socket.end(ack["runId"])
    other = socket.ask("Hello", threadId=ack["threadId"])
    socket.end(other["runId"])

    assert told(llm.requests[0]) == f"- {BLOCK}"
    assert told(llm.requests[1]) == ""
    assert [use.procedure for use in ProcedureUse.objects.filter(run_id=ack["runId"])] == [procedure]
    assert not ProcedureUse.objects.filter(run_id=other["runId"]).exists()
    page = live_stack.page_data(ack["threadId"], alice)["events"]
    assert reminders(page) == [{"id": str(procedure.pk), "text": BLOCK, "kind": "procedure"}]
    span = Payload.objects.get(span__trace_id=ack["runId"], span__name="recall")
    assert span.attributes["plumbline.procedures"] == 1
    assert span.output[0]["id"] == str(procedure.pk)


def test_after_a_crash_it_is_told_the_same_and_counted_once(live_stack, socket_of, llm, alice, dana):
    agent = an_agent()
    procedure = for_all(agent, dana)
    llm.reply("They are paid", pause_after=1)
    llm.reply("They are paid back within a week.")
    socket = socket_of(alice)
    ack = socket.ask(ASKED, agent=agent.slug)
    socket.until_answer(ack["runId"], "They")
    Procedure.objects.filter(pk=procedure.pk).update(status=ProcedureStatus.RETIRED)  # meanwhile

    live_stack.workers[0].kill()
    live_stack.start_worker()
    socket.end(ack["runId"])

    assert told(llm.requests[1]) == told(llm.requests[0]) == f"- {BLOCK}"
    assert ProcedureUse.objects.filter(run_id=ack["runId"]).count() == 1


@pytest.mark.parametrize("why", ["another person's", "another agent's", "only proposed", "does not follow any"])
def test_what_is_not_meant_for_an_answer_is_not_told(socket_of, llm, alice, bob, dana, why):
    agent = an_agent(follows_procedures=why != "does not follow any")
    if why == "another person's":
        for_one(agent, bob, dana)
    elif why == "another agent's":
        for_all(an_agent(), dana)
    else:
        procedure = for_all(agent, dana)
        if why == "only proposed":
            Procedure.objects.filter(pk=procedure.pk).update(status=ProcedureStatus.PROPOSED)
    llm.reply("I do not know.")
    socket = socket_of(alice)

    ack = socket.ask(ASKED, agent=agent.slug)
    socket.end(ack["runId"])

    assert told(llm.requests[0]) == ""
    assert not ProcedureUse.objects.filter(run_id=ack["runId"]).exists()


def test_a_persons_own_is_told_to_that_person_but_not_where_nothing_is_remembered(socket_of, llm, alice, dana):
    agent = an_agent()
    for_one(agent, alice, dana)
    llm.reply("Like this.")
    llm.reply("Like this.")
    socket = socket_of(alice)

    for fields in ({}, {"temporary": True}):
        socket.end(socket.ask(ASKED, agent=agent.slug, **fields)["runId"])

    assert told(llm.requests[0]) == "- For refunds of bookings: Use the short form."
    assert told(llm.requests[1]) == ""


def test_a_triggers_run_is_told_what_is_everybodys_and_nothing_of_a_persons(live_stack, llm, alice, dana):
    agent = an_agent()
    for_all(agent, dana)
    for_one(agent, alice, dana)
    trigger = Trigger(name=agent.slug, agent=agent, run_as=alice, template="{{ payload }}")
    give_keys(trigger)
    trigger.save()
    llm.reply("Done.")

    firing = fire(trigger, body=ASKED)
    at_rest(live_stack, Run.objects.get(pk=firing.run_id))

    assert told(llm.requests[0]) == f"- {BLOCK}"


def test_people_see_and_delete_what_was_found_to_work_for_them(client_of, alice, bob, dana):
    agent = an_agent()
    own, bobs = for_one(agent, alice, dana), for_one(agent, bob, dana)
    for_all(agent, dana)
    browser = client_of(alice)

    page = browser.get("/memory/").content.decode()
    told = browser.get("/memory/export").json()

    assert "What was found to work for you" in page
    assert page.count("Use the short form.") == 1
    assert "Look up the terms first." not in page
    assert [one["id"] for one in told["procedures"]] == [str(own.pk)]
    assert "- refunds of bookings: Use the short form." in browser.get("/memory/export?as=text").content.decode()
    assert browser.post(f"/memory/procedures/{bobs.pk}/delete").status_code == 404
    assert Client().post(f"/memory/procedures/{own.pk}/delete").status_code == 302
    assert browser.post(f"/memory/procedures/{own.pk}/delete").status_code == 200
    assert "What was found to work for you" not in browser.get("/memory/").content.decode()
    assert Procedure.objects.filter(pk=bobs.pk).exists()
