"""Passages to cite: each has one number in the run, and only what the person and the agent may read has one."""

import json
from typing import Any

from agents.models import Agent
from memory import indexing, knowledge
from memory.models import Document
from tests.llm import call

HOTELS = "\n".join(f"# Hotel {number}\nThe heron hotel costs {number}." for number in range(12))


def add(title: str, text: str, *, owner: Any = None, agent: Agent | None = None) -> Document:
    document = knowledge.add_document(
        title=title,
        content=text.encode(),
        media_type="text/markdown",
        owner_id=owner.pk if owner else None,
        agent_id=agent.pk if agent else None,
    )
    indexing.read_document(document.pk)
    return document


def test_a_number_means_one_passage_in_the_whole_run_though_searches_run_side_by_side(live_stack, socket_of, llm, bob):
    document = add("Hotels", HOTELS, owner=bob)
    llm.asks(call("search_knowledge", query="heron hotel"), call("search_knowledge", query="heron hotel costs"))
    llm.asks(call("search_knowledge", query="heron hotel"))
    llm.reply("It costs 5 [6].")
    socket = socket_of(bob)

    run = socket.ask("What does the heron hotel cost?")["runId"]
    socket.end(run)

    found = [json.loads(tool.result)["passages"] for tool in socket.view.run(run).tools]
    assert [[one["number"] for one in passages] for passages in found] == [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
        [11, 12, 13, 14, 15],
    ]
    assert {one["document"] for one in found[0]} == {str(document.pk)}
    assert all(one["place"] == f"Hotel {one['passage']}" for one in found[0])


def test_an_agent_finds_its_own_documents_and_not_those_of_another(live_stack, socket_of, llm, alice, bob):
    assistant, other = Agent.objects.get(slug="assistant"), Agent.objects.exclude(slug="assistant").first()
    for owner, agent, word in (
        (None, assistant, "one"), (None, other, "two"), (alice, assistant, "three"), (bob, assistant, "four"),
    ):  # fmt: skip
        add(f"Bitterns {word}", f"The bittern is {word}.", owner=owner, agent=agent)
    llm.asks(call("search_knowledge", query="bittern"))
    llm.reply("Two of them.")
    socket = socket_of(alice)

    run = socket.ask("Which bitterns are there?", agent="assistant")["runId"]
    socket.end(run)

    (tool,) = socket.view.run(run).tools
    texts = {one["text"] for one in json.loads(tool.result)["passages"]}
    assert texts == {"The bittern is one.", "The bittern is three."}
    Document.objects.filter(title__startswith="Bitterns").delete()
