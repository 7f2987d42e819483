"""The model that answers when none is connected: rules instead of a language model, and honest about it."""

from agents.llm.demo.model import DemoLLM

__all__ = ["DemoLLM"]
