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
BYTES_PER_TOKEN = 3
TOKENS_PER_MESSAGE = 4  # OpenAI's rule of thumb, the role included
TOKENS_OF_REPLY_START = 3
MOST_KNOWN = 20_000  # texts; a few megabytes
CL100K = re.compile(r"(?:^|/)(?:gpt-4(?![.o\d])|gpt-3\.?5|text-embedding-)")


def count_tokens(texts: Iterable[str], llm_name: str) -> int:
    """The tokens of all the texts together, as this LLM would count them."""
    return sum(_counter()(list(texts), _encoding(llm_name)))


def count_again(texts: Iterable[str], llm_name: str) -> int:
    """The same for texts that come again with every request of a conversation: each is counted once a process."""
    encoding = _encoding(llm_name)
    return sum(_known_or_counted(text, encoding) for text in texts)


def most_tokens(texts: Iterable[str]) -> int:
    """More than the texts can have, whoever counts: no token is shorter than a byte."""
    return sum(len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass")) for text in texts)


def rough_count(text: str) -> int:
    """About how many, rather too many than too few: three bytes each. For where loading a vocabulary, up to a second,
    would keep a person waiting."""
    return math.ceil(len(text.encode(errors="replace")) / BYTES_PER_TOKEN)


def count_messages(messages: Sequence[dict[str, Any]], llm_name: str) -> int:
    """The tokens a request's messages (Chat Completions dialect) take, with what stands around each."""
    texts = [text for message in messages for text in texts_of(message)]
    return count_tokens(texts, llm_name) + TOKENS_PER_MESSAGE * len(messages) + TOKENS_OF_REPLY_START


def estimated(messages: Sequence[dict[str, Any]], said: Iterable[str], llm_name: str) -> Usage:
    """The usage of a call whose provider told none. Takes up to a second the first time: not on a loop's thread."""
    return Usage(input=count_messages(messages, llm_name), output=count_tokens(said, llm_name), is_estimated=True)


def texts_of(message: dict[str, Any]) -> Iterable[str]:
    """All of a message that takes tokens."""
    content = message.get("content")
    if isinstance(content, str):
        yield content
    elif content is not None:
        yield json.dumps(content, ensure_ascii=False)
    for call in message.get("tool_calls") or []:
        yield call["function"]["name"]
        yield call["function"]["arguments"]


def _encoding(llm_name: str) -> str:
    return "cl100k_base" if CL100K.search(llm_name) else "o200k_base"


_known: dict[tuple[int, int, str], int] = {}  # by hash and length, so that no text is kept


def _known_or_counted(text: str, encoding: str) -> int:
    place = (hash(text), len(text), encoding)
    count = _known.get(place)
    if count is None:
        count = sum(_counter()([text], encoding))
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[place] = count
    return count


@cache
def _counter() -> Callable[[list[str], str], list[int]]:
    """Imported at first use: the vocabularies take up to a second to load."""
    try:
        from toktok import batch_count
    except ImportError:  # no wheel for this platform
        log.warning("toktok-rs cannot be imported; tokens are estimated from the length of the text.")
        return lambda texts, _: [math.ceil(len(text) / CHARS_PER_TOKEN) for text in texts]
    return lambda texts, encoding: batch_count(texts, encoding, threads=1)
