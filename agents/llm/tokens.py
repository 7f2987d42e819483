"""How many tokens a text has. Exact for OpenAI's models, an estimate for all others; nothing is fetched."""

import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from agents.llm.base import Usage

log = logging.getLogger(__name__)

CHARS_PER_TOKEN = 3.3
TOKENS_PER_MESSAGE = 4  # OpenAI's rule of thumb, the role included
TOKENS_OF_REPLY_START = 3
CL100K = re.compile(r"(?:^|/)(?:gpt-4(?![.o\d])|gpt-3\.?5|text-embedding-)")


def count_tokens(texts: Iterable[str], llm_name: str) -> int:
    """The tokens of all the texts together, as this LLM would count them."""
    encoding = "cl100k_base" if CL100K.search(llm_name) else "o200k_base"
    return sum(_counter()(list(texts), encoding))


def count_messages(messages: Sequence[dict[str, Any]], llm_name: str) -> int:
    """The tokens a request's messages (Chat Completions dialect) take, with what stands around each."""
    texts = [text for message in messages for text in _texts(message)]
    return count_tokens(texts, llm_name) + TOKENS_PER_MESSAGE * len(messages) + TOKENS_OF_REPLY_START


def estimated(messages: Sequence[dict[str, Any]], said: Iterable[str], llm_name: str) -> Usage:
    """The usage of a call whose provider told none. Takes up to a second the first time: not on a loop's thread."""
    return Usage(input=count_messages(messages, llm_name), output=count_tokens(said, llm_name), is_estimated=True)


def _texts(message: dict[str, Any]) -> Iterable[str]:
    content = message.get("content")
    if isinstance(content, str):
        yield content
    elif content is not None:
        yield json.dumps(content, ensure_ascii=False)
    for call in message.get("tool_calls") or []:
        yield call["function"]["name"]
        yield call["function"]["arguments"]


@cache
def _counter() -> Callable[[list[str], str], list[int]]:
    """Imported at first use: the vocabularies take up to a second to load."""
    try:
        from toktok import batch_count
    except ImportError:  # no wheel for this platform
        log.warning("toktok-rs cannot be imported; tokens are estimated from the length of the text.")
        return lambda texts, _: [math.ceil(len(text) / CHARS_PER_TOKEN) for text in texts]
    return lambda texts, encoding: batch_count(texts, encoding, threads=1)
