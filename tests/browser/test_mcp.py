"""A server by others, as its makers publish it: added in the console, chosen from, and used in the chat."""

import re

import pytest
from playwright.sync_api import expect

from agents.models import Agent, AgentVersion, MCPServer, ToolCall
from observability.models import Payload
from tests.browser.asking import ask, expect_answer
from tests.llm import call


@pytest.fixture
def clockmaker(rows):
    """An agent that was given a tool of a server called `clock`."""
    agent = Agent.objects.create(slug="clockmaker", name="Clockmaker")
    agent.live = AgentVersion.objects.create(
        agent=agent, number=1, instructions="Tell the time.", tools=["clock__get_current_time"]
    )
    agent.save()
    yield agent
    agent.is_enabled = False
    agent.save()
    MCPServer.objects.all().delete()


def test_a_server_is_added_its_tool_chosen_and_used_in_the_chat(open_tab, llm, dana, alice, clockmaker):
    llm.asks(call("clock__get_current_time", timezone="Asia/Tokyo"))
    llm.reply("It is late in Tokyo.")

    console = open_tab(dana, "/admin/agents/mcpserver/add/")
    console.get_by_role("textbox", name=re.compile("^Name")).fill("clock")
    console.get_by_text("A command, run by each worker").click()
    console.get_by_role("textbox", name=re.compile("^Command")).fill("mcp-server-time")
    console.get_by_label("Arguments, one a line").fill("--local-timezone\nUTC")
    console.get_by_role("button", name="Save").click()
    console.get_by_role("button", name="Fetch tools").click()
    chosen = console.get_by_role("listitem").filter(has_text="get_current_time")
    chosen.get_by_role("checkbox").check()
    chosen.get_by_label("What a call does").select_option("read")
    console.get_by_role("button", name="Save").click()
    expect(chosen).to_contain_text("Usable")

    page = open_tab(alice, "/?agent=clockmaker")
    ask(page, "How late is it in Tokyo?")

    expect_answer(page, "It is late in Tokyo.")
    page.get_by_role("button", name=re.compile("clock__get_current_time")).click()
    expect(page.locator(".call .result")).to_contain_text("Asia/Tokyo")
    made = ToolCall.objects.get(name="clock__get_current_time")
    attributes = Payload.objects.get(span__tool_name="clock__get_current_time").attributes
    assert made.status == "succeeded"
    assert attributes["plumbline.mcp.server"] == "clock"
