"""What every drill may ask for: the LLM that obeys, and conversations that are checked when all is over."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.drills.obedient import ObedientLLM
from tests.llm import ScriptedLLM

if TYPE_CHECKING:
    from accounts.models import User
    from tests.drills.talk import Talk
    from tests.stack import Stack


@pytest.fixture
def obedient(llm: ScriptedLLM) -> Iterator[ObedientLLM]:
    """The LLM that does what the question says; no request of the test showed it an unbalanced transcript."""
    llm.otherwise = rule = ObedientLLM()
    yield rule
    assert rule.problems == []


@pytest.fixture
def talk_of(live_stack: "Stack", obedient: ObedientLLM) -> Iterator[Callable[..., "Talk"]]:
    """Opens conversations of people with an agent that has the ledger's tools."""
    from tests.drills.agents import ledger_agent
    from tests.drills.talk import Talk

    with ExitStack() as opened:

        def opening(user: "User", agent: str = "") -> "Talk":
            talk = Talk(live_stack, live_stack.open(user), user, agent or ledger_agent().slug)
            opened.callback(talk.socket.close)
            return talk

        yield opening
