"""A conversation with an agent that can hold little in mind. Models are imported late: Django is not set up yet."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from accounts.models import User
    from tests.agents.compaction.talk import Talk
    from tests.llm import ScriptedLLM
    from tests.stack import Stack


@pytest.fixture
def talk(live_stack: "Stack", llm: "ScriptedLLM", alice: "User") -> "Talk":
    from tests.agents.compaction.talk import BUDGET, Talk
    from tests.drills.agents import ledger_agent

    return Talk(live_stack, llm, alice, ledger_agent("forgetful", tools=[], memory={"context_tokens": BUDGET}))


@pytest.fixture
def grown(talk: "Talk") -> "Talk":
    """Two turns; with one more question they do not fit any more."""
    talk.grow()
    return talk
