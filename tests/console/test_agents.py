"""Agents in the console: written, tried as drafts, compared, made live, gone back to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from agents.actions import start_run
from agents.admin.version_sheet import Sheet
from agents.models import Agent, AgentVersion, Thread
from tests.cast import person

ClientOf = Callable[[User], Client]


@pytest.fixture
def assistant(rows: None) -> Agent:
    return Agent.objects.select_related("live__agent").get(slug="assistant")


def page_of(agent: Agent, part: str = "change/") -> str:
    return f"/admin/agents/agent/{agent.pk}/{part}"


def filled(version: AgentVersion, **changes: Any) -> dict[str, Any]:
    """What a browser sends of the form over a version, with some fields written anew."""
    sheet = Sheet.of(version)
    sent: dict[str, Any] = {**sheet.texts, "tools": sheet.tools, "children": sheet.children}
    sent |= {"target": [row.slug for row in sheet.targets], "purpose": [row.purpose for row in sheet.targets]}
    return sent | {"then": "draft", "note": ""} | changes


def test_saving_makes_a_new_version_and_changes_no_old_one(console: Client, olga: User, assistant: Agent) -> None:
    before = assistant.live.instructions

    console.post(page_of(assistant, "edit/"), filled(assistant.live, instructions="Be brief.", note="Shorter"))

    version = assistant.versions.get(number=2)
    assistant.refresh_from_db()
    assert (version.instructions, version.note, version.created_by) == ("Be brief.", "Shorter", olga)
    assert assistant.live.number == 1
    assert assistant.live.instructions == before


def test_the_form_as_it_was_opened_is_no_change(console: Client, assistant: Agent) -> None:
    answer = console.post(page_of(assistant, "edit/"), filled(assistant.live), follow=True)

    assert assistant.versions.count() == 1
    assert "Nothing was changed" in answer.content.decode()


def test_a_version_is_made_live_and_gone_back_from(console: Client, alice: User, assistant: Agent) -> None:
    console.post(page_of(assistant, "edit/"), filled(assistant.live, instructions="Be brief.", then="live"))
    assistant.refresh_from_db()
    assert assistant.live.number == 2
    begun = start_run(thread=Thread.objects.create(agent=assistant, owner=alice), user=alice, text="Hello")

    assert "Go back to version 1" in console.get(page_of(assistant, "live/1/")).content.decode()
    console.post(page_of(assistant, "live/1/"))

    assistant.refresh_from_db()
    begun.refresh_from_db()
    assert assistant.live.number == 1
    assert begun.agent_version.number == 2


def test_what_was_written_and_made_live_is_in_the_audit_log(console: Client, olga: User, assistant: Agent) -> None:
    console.post(page_of(assistant, "edit/"), filled(assistant.live, instructions="Be brief.", then="live"))

    said = [entry.change_message for entry in LogEntry.objects.filter(user=olga).order_by("pk")]
    assert said == ["Version 2 written.", "Version 2 made live instead of version 1."]


def test_policies_and_hand_offs_are_written_in_the_form(console: Client, assistant: Agent) -> None:
    Agent.objects.create(slug="sales", name="Sales")
    sent = filled(
        assistant.live,
        **{
            "asks-calculator": "always",
            "who-calculator": ["requester", "user"],
            "email-calculator": ["", "boss@example.org"],
            "needed-calculator": ["1", "1"],
            "hours-calculator": ["24", "72"],
            "expiry-calculator": ["escalate", "deny"],
            "target": ["sales", ""],
            "purpose": ["Prices and offers", ""],
            "threshold": "0.8",
            "next_turn": "sticky",
        },
    )

    console.post(page_of(assistant, "edit/"), sent)

    version = assistant.versions.get(number=2)
    first, second = version.approvals["calculator"]["levels"]
    assert (first["who"], first["expires_hours"], first["on_expiry"]) == ("requester", 24, "escalate")
    assert second["who"] == "user:boss@example.org"
    assert version.handoffs["targets"] == {"sales": "Prices and offers"}
    assert (version.handoffs["threshold"], version.handoffs["next_turn"]) == (0.8, "sticky")
    again = console.get(page_of(assistant, "edit/?from=2")).content.decode()
    assert "boss@example.org" in again
    assert "Prices and offers" in again


def test_people_are_asked_only_on_a_condition(console: Client, assistant: Agent) -> None:
    asked = {"asks-calculator": "if", "when-calculator": "expression == '1'", "who-calculator": ["staff"],
             "email-calculator": [""], "needed-calculator": ["2"], "hours-calculator": ["1"],
             "expiry-calculator": ["deny"]}  # fmt: skip

    console.post(page_of(assistant, "edit/"), filled(assistant.live, **asked))

    assert assistant.versions.get(number=2).approvals["calculator"]["when"] == "expression == '1'"
    assert (
        "2 of the staff"
        in console.get(f"/admin/agents/agentversion/{assistant.versions.get(number=2).pk}/change/").content.decode()
    )
    assert (
        console.post(
            page_of(assistant, "edit/"), filled(assistant.live, **asked | {"when-calculator": "import os"})
        ).status_code
        == 400
    )


def test_a_tool_that_is_taken_away_takes_its_policy_along(console: Client, assistant: Agent) -> None:
    sent = filled(assistant.live, tools=["current_time"], **{"asks-calculator": "always"})

    console.post(page_of(assistant, "edit/"), sent)

    assert assistant.versions.get(number=2).approvals == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"instructions": " "}, "say what the agent is to do"),
        ({"tools": ["telepathy"]}, "there is no tool named telepathy"),
        ({"children": ["nobody"]}, "there is no agent nobody"),
        ({"parameters": "warm"}, "write a JSON object"),
        ({"output_schema": '{"type": "nothing"}'}, "this is no JSON Schema"),
        ({"output_schema": "{"}, "this is not JSON"),
        ({"max_turns": "0"}, "Turns: a number from 1"),
        ({"max_turns": "many"}, "Turns: write a whole number"),
        ({"max_cost": "nan"}, "Cost: write an amount"),
        ({"target": ["assistant"], "purpose": ["Itself"]}, "cannot turn to itself"),
        ({"asks-calculator": "always", "who-calculator": ["user"], "email-calculator": ["x"],
          "needed-calculator": ["1"], "hours-calculator": ["1"], "expiry-calculator": ["deny"]},
         "Approvals of calculator"),
        ({"asks-calculator": "if", "when-calculator": "amount > 100", "who-calculator": ["staff"],
          "email-calculator": [""], "needed-calculator": ["1"], "hours-calculator": ["72"],
          "expiry-calculator": ["deny"]},
         "Approvals of calculator: its condition names amount, no argument of it; it has expression."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words_and_nothing_typed_is_lost(
    console: Client, assistant: Agent, changes: dict[str, Any], words: str
) -> None:
    sent = filled(assistant.live, llm_name="my-model", then="live") | changes

    answer = console.post(page_of(assistant, "edit/"), sent)

    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert "my-model" in answer.content.decode()
    assert assistant.versions.count() == 1


def test_a_group_that_does_not_exist_is_pointed_out(console: Client, assistant: Agent) -> None:
    Group.objects.filter(name="Elders").delete()
    sent = filled(
        assistant.live,
        **{"asks-calculator": "always", "who-calculator": ["group:Elders"], "email-calculator": [""],
           "needed-calculator": ["1"], "hours-calculator": ["72"], "expiry-calculator": ["deny"]},
    )  # fmt: skip

    answer = console.post(page_of(assistant, "edit/"), sent, follow=True)

    assert assistant.versions.count() == 2
    assert "there is no group Elders" in answer.content.decode()


def test_two_versions_are_compared_field_by_field(console: Client, assistant: Agent) -> None:
    changed = assistant.live.instructions.replace("Say so when you do not know.", "Never guess.")
    sent = filled(assistant.live, instructions=changed, tools=["calculator"])
    console.post(page_of(assistant, "edit/"), sent)

    page = console.get(page_of(assistant, "compare/?before=1&after=2"))

    assert [difference.field for difference in page.context["differences"]] == ["instructions", "tools"]
    assert "<ins>" in page.content.decode()
    assert "do the same" in console.get(page_of(assistant, "compare/?before=1&after=1")).content.decode()


def test_a_new_agent_is_made_and_led_to_its_first_version(console: Client) -> None:
    made = console.post(
        "/admin/agents/agent/add/", {"name": "Sales", "slug": "sales", "description": "Sells", "is_enabled": "on"}
    )

    agent = Agent.objects.get(slug="sales")
    assert made["Location"] == page_of(agent, "edit/")
    assert "no version yet" in console.get(page_of(agent)).content.decode()
    console.post(page_of(agent, "edit/"), filled(AgentVersion(agent=agent), instructions="Sell.", then="live"))
    agent.refresh_from_db()
    assert agent.live.number == 1


@pytest.mark.parametrize("slug", ["Sales", "sa les", "assistant", "x" * 49])
def test_a_slug_that_cannot_be_is_refused(console: Client, slug: str) -> None:
    console.post("/admin/agents/agent/add/", {"name": "Sales", "slug": slug})

    assert not Agent.objects.filter(name="Sales").exists()


def test_a_draft_that_no_longer_fits_is_not_made_live(console: Client, assistant: Agent) -> None:
    AgentVersion.objects.create(agent=assistant, number=2, instructions="Sell.", tools=["telepathy"])

    page = console.post(page_of(assistant, "live/2/"))

    assert "there is no tool named telepathy" in page.content.decode()
    assistant.refresh_from_db()
    assert assistant.live.number == 1


def test_staff_without_the_permission_changes_nothing(assistant: Agent, rows: None, client_of: ClientOf) -> None:
    rita = client_of(person("Rita", is_staff=True))

    for part in ("change/", "edit/", "compare/", "live/1/", "export/1/"):
        assert rita.get(page_of(assistant, part)).status_code == 403
    assert rita.post(page_of(assistant, "edit/"), filled(assistant.live, instructions="Mine")).status_code == 403
    assert rita.get("/admin/agents/agent/import/").status_code == 403
    assert assistant.versions.count() == 1


def test_who_may_only_look_does_not_write(assistant: Agent, rows: None, client_of: ClientOf) -> None:
    from django.contrib.auth.models import Permission

    vera = person("Vera", is_staff=True)
    vera.user_permissions.add(Permission.objects.get(codename="view_agent"))
    reader = client_of(vera)

    assert reader.get(page_of(assistant)).status_code == 200
    assert reader.get(page_of(assistant, "export/1/")).status_code == 200
    assert reader.get(page_of(assistant, "edit/")).status_code == 403
    assert reader.post(page_of(assistant, "live/1/")).status_code == 403
