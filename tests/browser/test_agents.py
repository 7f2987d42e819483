"""An agent is written, tried and made live in a browser."""

from playwright.sync_api import expect

from accounts.models import User
from agents.models import Agent
from tests.browser.asking import ask, expect_answer
from tests.browser.conftest import OpenTab
from tests.llm import ScriptedLLM


def test_a_version_is_written_tried_and_made_live(open_tab: OpenTab, llm: ScriptedLLM, dana: User) -> None:
    agent = Agent.objects.create(slug="secretary", name="Secretary", description="Sends mail.")
    page = open_tab(dana, f"/admin/agents/agent/{agent.pk}/change/")

    page.get_by_role("link", name="Write what it does").click()
    page.get_by_label("What it is told before every answer").fill("You are a clerk.")
    mail = page.locator(".pick", has_text="send_email")
    mail.get_by_role("checkbox").check()
    mail.get_by_label("Before it runs").select_option("people are asked, every time")
    mail.get_by_role("button", name="Then ask another").click()
    mail.get_by_label("Who").last.select_option("group Managers")
    page.get_by_label("What changed, and why").fill("The first")
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("Version 1 is kept as a draft.")).to_be_visible()

    llm.reply("At your service.")
    page.get_by_role("link", name="Try it").click()
    expect(page.get_by_text("is not live: only you talk to it here.")).to_be_visible()
    page.wait_for_load_state()
    ask(page, "Hello")
    expect_answer(page, "At your service.")
    expect(page.get_by_text("is not live: only you talk to it here.")).to_be_visible()

    page.get_by_role("link", name="All its versions").click()
    page.get_by_role("link", name="Make live").click()
    page.get_by_role("button", name="Make it live").click()
    expect(page.get_by_text("Version 1 is live.")).to_be_visible()

    agent.refresh_from_db()
    assert agent.live is not None
    assert [level["who"] for level in agent.live.approvals["send_email"]["levels"]] == ["requester", "group:Managers"]
    assert "You are a clerk." in llm.requests[0].messages[0]["content"]
    Agent.objects.filter(pk=agent.pk).update(is_enabled=False)  # the rows of these tests stay
