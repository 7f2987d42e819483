"""The only fake in the suite: the LLM at the far end of the wire."""

from tests.llm.script import Call, Script, call
from tests.llm.server import Exchange, ScriptedLLM

__all__ = ["Call", "Exchange", "Script", "ScriptedLLM", "call"]
