from collections.abc import Sequence
from typing import Any


def count_tokens(texts: Sequence[str], llm_name: str) -> int:
    return sum(len(text) for text in texts) // 3


def count_messages(messages: Sequence[dict[str, Any]], llm_name: str) -> int:
    return count_tokens([str(message) for message in messages], llm_name)
