"""Agents as YAML, out of the console and into it, and by command."""

import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from agents.comparison import differences
from agents.exchange import import_agents, written
from agents.models import Agent, AgentVersion
from agents.refusals import Refused
from tests.cast import person

ClientOf = Callable[[User], Client]
IMPORT = "/admin/agents/agent/import/"

SALES = """\
agent:
  slug: sales
  name: Sales
version:
  instructions: |
    Sell.
    Be honest.
  tools: [calculator]
  approvals:
    calculator: {when: always, levels: [{who: requester}]}
"""


@pytest.fixture
def rich(rows: None) -> AgentVersion:
    """A version in which every field says something."""
    agent = Agent.objects.create(slug="rich", name="Rich: “quoted” # no comment", suggestions=["One?", "yes", "1"])
    fields = {
        "instructions": "First line\n\n  - indented: yes\n\ttab and trailing space \nno\n",
        "llm_name": "gpt-4o", "fallback_llm_names": ["1.5", "null"], "parameters": {"temperature": 0.2, "stop": ["\n"]},
        "tools": ["calculator"], "approvals": {"calculator": {"when": "always"}}, "children": ["assistant"],
        "handoffs": {"targets": {"assistant": "yes: all # of it"}, "threshold": 0.25},
        "output_schema": {"type": "object", "properties": {"on": {"type": "boolean"}}},
        "max_turns": 3, "max_tool_calls": 0, "max_tokens": 10, "max_cost": Decimal("0.1000"), "max_active_seconds": 60,
    }  # fmt: skip
    return AgentVersion.objects.create(agent=agent, number=4, note="Ünïcödé 🙂", **fields)


def test_what_goes_out_comes_in_again_the_same(rich: AgentVersion) -> None:
    text = written([rich])
    Agent.objects.filter(slug="rich").update(slug="other")

    (imported,) = import_agents(text, by=None)

    assert imported.version is not None
    assert differences(rich, imported.version) == []
    assert (imported.agent.name, imported.agent.suggestions) == (rich.agent.name, rich.agent.suggestions)
    assert imported.version.instructions == rich.instructions
    assert imported.version.note == rich.note
    assert written([imported.version]) == text


def test_the_page_gives_a_version_as_a_file_and_takes_one(console: Client, olga: User) -> None:
    assistant = Agent.objects.get(slug="assistant")
    file = console.get(f"/admin/agents/agent/{assistant.pk}/export/1/")
    assert 'filename="assistant-v1.yaml"' in file["Content-Disposition"]
    changed = file.content.decode().replace("research assistant", "librarian")

    console.post(IMPORT, {"file": SimpleUploadedFile("assistant.yaml", changed.encode())})

    version = assistant.versions.get(number=2)
    assert "careful librarian" in version.instructions
    assert version.created_by == olga
    assistant.refresh_from_db()
    assert assistant.live.number == 1
    assert "research assistant" in assistant.description  # a draft changes no name


def test_the_same_again_makes_no_version(console: Client) -> None:
    for _ in range(2):
        console.post(IMPORT, {"text": SALES})

    assert Agent.objects.get(slug="sales").versions.count() == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There must be 1 to 100 agents in it; there are 0."),
        ("agent: [", "This is not YAML: line 1"),
        ("just words", "an agent begins with “agent:”"),
        (SALES + "colour: red\n", "Document 1, colour: there is no such key."),
        (SALES.replace("tools:", "toolz:"), "version.toolz: there is no such key."),
        (SALES.replace("name: Sales", "name: 7"), "agent.name: Input should be a valid string."),
        (SALES.replace("slug: sales", "slug: Sa les"), "agent.slug"),
        (SALES.replace("[calculator]", "[telepathy]"), "sales: Tools: there is no tool named telepathy."),
        (SALES + "---\n" + SALES, "sales stands in it more than once."),
        (SALES + "  max_turns: 3\n  max_turns: 4\n", "max_turns stands there twice"),
        ("a: &x [1]\nb: *x\n", "aliases are not allowed"),
        ("!!python/object/apply:os.system ['true']", "This is not YAML"),
        ("[" * 5000, "cannot be read"),
    ],
)
def test_what_is_no_agent_is_refused_with_the_place(console: Client, text: str, words: str) -> None:
    before = Agent.objects.count()

    answer = console.post(IMPORT, {"text": text})

    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert Agent.objects.count() == before


def test_all_or_none_of_a_file_is_kept(rows: None) -> None:
    with pytest.raises(Refused):
        import_agents(
            SALES + "---\n" + SALES.replace("sales", "buyers").replace("[calculator]", "[telepathy]"), by=None
        )

    assert not Agent.objects.filter(slug="sales").exists()


def test_agents_of_one_file_may_speak_of_one_another(rows: None) -> None:
    one = "agent: {slug: one, name: One}\nversion: {instructions: Go., children: [two]}\n"
    two = "agent: {slug: two, name: Two}\nversion: {instructions: Go.}\n"

    import_agents(f"{one}---\n{two}", by=None, is_live=True)

    assert Agent.objects.get(slug="one").live.children == ["two"]


def test_who_may_not_make_agents_imports_none(rows: None, client_of: ClientOf) -> None:
    vera = person("Vera", is_staff=True)
    vera.user_permissions.add(Permission.objects.get(codename="view_agent"))

    assert client_of(vera).get(IMPORT).status_code == 403
    assert client_of(vera).post(IMPORT, {"text": SALES}).status_code == 403


def test_the_command_writes_agents_and_takes_them_in(rows: None, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("agents", "export", "assistant", stdout=out)
    document = yaml.safe_load(out.getvalue())
    document["agent"]["name"] = "Ada"
    document["version"]["max_turns"] = 5
    file = tmp_path / "ada.yaml"
    file.write_text(yaml.safe_dump(document))

    call_command("agents", "import", str(file), "--live", stdout=out)

    agent = Agent.objects.get(slug="assistant")
    assert (agent.name, agent.live.number, agent.live.max_turns) == ("Ada", 2, 5)
    assert "assistant: version 2, live" in out.getvalue()


@pytest.mark.parametrize(
    "arguments", [["export", "nobody"], ["export", "assistant", "--number", "9"], ["import", "/no"]]
)
def test_the_command_says_what_cannot_be(rows: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("agents", *arguments)
