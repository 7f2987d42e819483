"""A draft is tried in a conversation of its own before it is live."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from agents.models import Agent, AgentVersion, Run, Thread
from tests.cast import person


@pytest.fixture
def olga(rows):
    """Olga operates: she may change agents."""
    olga = person("Olga", is_staff=True)
    olga.groups.add(Group.objects.get(name="Operators"))
    return olga


@pytest.fixture
def draft(rows) -> AgentVersion:
    agent, _ = Agent.objects.get_or_create(slug="novice", defaults={"name": "Novice"})
    version, _ = AgentVersion.objects.get_or_create(agent=agent, number=7, defaults={"instructions": "You are new."})
    return version


def data_of(client: Client, path: str) -> dict[str, Any]:
    found = re.search(r'<script id="page-data"[^>]*>(.*?)</script>', client.get(path).content.decode(), re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_a_draft_answers_in_a_conversation_of_its_own(live_stack, socket_of, llm, olga, draft):
    llm.reply("Hello, I am new.")
    socket = socket_of(olga)

    started = socket.ask("Who are you?", agent="novice", version=7)
    socket.end(started["runId"])

    run = Run.objects.get(pk=started["runId"])
    assert run.agent_version == draft
    assert "You are new." in llm.requests[0].messages[0]["content"]
    assert live_stack.page_data(started["threadId"], olga)["tried"]["isLive"] is False


def test_nobody_else_talks_to_a_draft(live_stack, socket_of, alice, draft):
    socket = socket_of(alice)

    refused = socket.send("run.start", text="Who are you?", agent="novice", version=7)

    assert refused["type"] == "nack"
    assert refused["error"] == "There is no such version to try."
    assert not Thread.objects.filter(owner=alice).exists()


def test_the_page_says_which_version_is_tried(client_of, olga, draft):
    page = client_of(olga).get("/?agent=novice&version=7").content.decode()

    assert "is not live: only you talk to it here." in page
    data = data_of(client_of(olga), "/?agent=novice&version=7")
    assert data["agent"] == "novice"
    assert data["tried"]["version"] == 7


@pytest.mark.parametrize(
    "query", ["?agent=novice&version=8", "?version=7", "?agent=novice&version=99999999999", "?version=x"]
)
def test_a_version_that_is_not_there_leaves_the_page_as_it_is(client_of, olga, draft, query):
    assert data_of(client_of(olga), f"/{query}")["tried"] is None


def test_the_page_of_somebody_else_offers_no_draft(client_of, alice, draft):
    data = data_of(client_of(alice), "/?agent=novice&version=7")

    assert data["tried"] is None
    assert "novice" not in [agent["slug"] for agent in data["agents"]]
