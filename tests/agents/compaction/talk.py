"""A conversation that grows too long for its agent, and what the LLM is sent of it."""

from accounts.models import User
from agents.llm import tokens
from agents.models import Agent, Run, Thread
from tests.agents.running import at_rest, started
from tests.llm import ScriptedLLM
from tests.llm.http import Request
from tests.stack import Stack

BUDGET = 2_000
NEEDLE = "My locker is number 4711."
SUMMARY = "The person's locker has the number 4711."


def words(count: int) -> str:
    """Text of so many tokens."""
    return " ".join(["word"] * count)


FIRST = f"{NEEDLE} {words(650)}"
SECOND = f"Secondly: {words(350)}"
SECOND_ANSWER = f"Well. {words(350)}"


class Talk:
    """A conversation, one question after the other."""

    def __init__(self, stack: Stack, llm: ScriptedLLM, user: User, agent: Agent) -> None:
        self.stack, self.llm, self.user = stack, llm, user
        self.thread = Thread.objects.create(owner=user, agent=agent)
        self.asked: list[str] = []

    def ask(self, text: str) -> Run:
        self.asked.append(text)
        return at_rest(self.stack, started(self.thread.agent, self.user, text, thread=self.thread))

    def grow(self) -> None:
        """Two turns, the first of them with the needle. With one more question they do not fit any more."""
        self.llm.reply(f"Noted. {words(650)}")
        self.ask(FIRST)
        self.llm.reply(SECOND_ANSWER)
        self.ask(SECOND)


def size(request: Request) -> int:
    return tokens.count_messages(request.messages, "gpt-4o")


def said(request: Request) -> list[str]:
    """What the turns say that the LLM is shown, without the instructions."""
    return [str(message["content"]) for message in request.messages if message["role"] != "system"]
