"""The official AG-UI client, from npm, holds a conversation with Plumbline."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from agents.models import Run
from tests.api.programs import token_for
from tests.drills.agents import approved_by, ledger_agent
from tests.drills.ledger.book import executions
from tests.llm import ScriptedLLM, call
from tests.stack import BASE_DIR, Stack

SOURCE = Path(__file__).parent / "agui"
INSTALLED = BASE_DIR / "var" / "agui-client"
SECONDS = 300


@pytest.fixture(scope="module")
def client_folder() -> Path:
    """The client, installed once as its lockfile says."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        reason = "THE OFFICIAL AG-UI CLIENT WAS NOT TRIED: it needs Node.js and npm (apt install npm)."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    INSTALLED.mkdir(parents=True, exist_ok=True)
    lock, stamp = (SOURCE / "package-lock.json").read_bytes(), INSTALLED / "installed-lock.json"
    for file in SOURCE.iterdir():
        shutil.copy(file, INSTALLED)
    if not stamp.exists() or stamp.read_bytes() != lock:
        ci = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(ci, cwd=INSTALLED, check=True, capture_output=True, timeout=SECONDS)
        stamp.write_bytes(lock)
    return INSTALLED


def texts(told: dict[str, Any]) -> list[str]:
    return [one["content"] for one in told["messages"] if one["role"] == "assistant" and one.get("content")]


def test_it_holds_a_conversation(client_folder: Path, live_stack: Stack, llm: ScriptedLLM, alice: User) -> None:
    ledger_agent(
        "official", tools=["calculator", "ledger_unsafe"], approvals={"ledger_unsafe": approved_by("requester")}
    )
    llm.reply("Hello.")
    llm.asks(call("calculator", expression="6*7"))
    llm.reply("It is 42.")
    llm.asks(call("ledger_unsafe", note="Ann"))
    llm.reply("Paid.")
    llm.fails(400, error="No.")
    _script_of_team(llm)

    doors = {"URL_OF_AGENT": f"{live_stack.url}/api/ag-ui/official", "URL_OF_TEAM": f"{live_stack.url}/api/ag-ui/lead"}
    environment = doors | {"TOKEN": token_for(alice)}
    ran = subprocess.run(
        ["node", "converse.js"],
        cwd=client_folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)

    assert texts(told["text"]) == ["Hello."]
    assert told["text"]["kinds"][0] == "RUN_STARTED"
    assert told["text"]["kinds"][-1] == "RUN_FINISHED"

    assert texts(told["tool"]) == ["Hello.", "It is 42."]
    (result,) = [one["content"] for one in told["tool"]["messages"] if one["role"] == "tool"]
    assert json.loads(result)["result"] == "42"

    (interrupt,) = told["paused"]["interrupts"]
    assert interrupt["metadata"]["tool"] == "ledger_unsafe"
    assert "TOOL_CALL_RESULT" not in told["paused"]["kinds"]

    assert told["resumed"]["interrupts"] == []
    assert told["resumed"]["errors"] == []
    assert texts(told["resumed"])[-1] == "Paid."
    results = {one["toolCallId"]: one["content"] for one in told["resumed"]["messages"] if one["role"] == "tool"}
    assert results[interrupt["toolCallId"]] == "done Ann"
    assert len(executions(Run.objects.get(user=alice, client_request_id="pay").id)) == 1

    (error,) = told["failed"]["errors"]
    assert error["code"] == "llm_error"

    assert texts(told["again"]) == ["Hello."]
    assert Run.objects.filter(user=alice, parent__isnull=True).count() == 5

    _check_team(told["team"], told["teamResumed"])

    (refusal,) = told["refused"]["errors"]
    assert refusal["status"] == 401


def _script_of_team(llm: ScriptedLLM) -> None:
    """A lead gives a task, whose agent gives one on, and the last one asks before it pays."""
    asks = {"ledger_unsafe": approved_by("requester")}
    ledger_agent("purse", tools=["ledger_unsafe"], approvals=asks)
    ledger_agent("deputy", tools=[], children=["purse"])
    ledger_agent("lead", tools=[], children=["deputy"])
    llm.asks(call("ask_deputy", task="See to the rent."), text="I give it on.")
    llm.asks(call("ask_purse", task="Pay the rent."))
    llm.asks(call("ledger_unsafe", note="rent"), text="I shall pay.")
    for words in ("Paid.", "It is done.", "The rent is paid."):
        llm.reply(words)


def _check_team(paused: dict[str, Any], resumed: dict[str, Any]) -> None:
    assert (paused["errors"], resumed["errors"]) == ([], [])
    begun = [one for one in paused["subagents"] if one["type"] == "SUBAGENT_STARTED"]
    assert [one["name"] for one in begun] == ["deputy", "purse"]
    assert begun[1]["parentSubagentRunId"] == begun[0]["subagentRunId"]
    (interrupt,) = paused["interrupts"]
    assert interrupt["subagentRunId"] == begun[1]["subagentRunId"]
    ended = {one["subagentRunId"]: one["outcome"] for one in paused["subagents"] if one["type"] == "SUBAGENT_FINISHED"}
    assert ended[begun[1]["subagentRunId"]] == {"type": "suspended", "interruptIds": [interrupt["id"]]}

    assert resumed["interrupts"] == []
    ends = [one["outcome"]["type"] for one in resumed["subagents"] if one["type"] == "SUBAGENT_FINISHED"]
    assert ends == ["success", "success"]
    said = {one.get("content"): one.get("subagentRunId") for one in resumed["messages"] if one["role"] == "assistant"}
    assert said["Paid."] == interrupt["subagentRunId"]
    assert said["It is done."] == begun[0]["subagentRunId"]
    assert said["The rent is paid."] is None
    assert [done.note for done in executions(interrupt["subagentRunId"])] == ["rent"]
