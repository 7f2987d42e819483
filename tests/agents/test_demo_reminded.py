"""The demo model quotes what it was reminded of, where the documents know nothing."""

import json

import pytest

from agents.llm.base import LLMRequest, Reply
from agents.llm.demo import DemoLLM

REMINDED = """Be helpful.
<memories>
- (3 May 2026, preference) Prefers short answers about lockers
- (4 May 2026, fact) My locker is number 4711 (from: “Remember that my locker is number 4711”)
- (5 May 2026, from a conversation) Alice: Which locker is broken?
- (6 May 2026, fact) Lives in Leeds
</memories>"""
NOTHING = {"passages": [], "note": "Nothing relevant was found."}
PASSAGE = {"title": "Lockers", "place": "", "text": "A locker costs 2 euros.", "score": 0.9, "number": 1}


async def said(question: str, found: dict, *, instructions: str = REMINDED) -> str:
    call = {"name": "search_knowledge", "arguments": json.dumps({"query": question})}
    messages = [
        {"role": "system", "content": instructions},
        {"role": "user", "content": question},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": call}]},
        {"role": "tool", "tool_call_id": "1", "content": json.dumps(found)},
    ]
    pieces = [piece async for piece in DemoLLM(seconds_per_word=0).stream(LLMRequest("demo", messages))]
    assert isinstance(pieces[-1], Reply)
    return pieces[-1].text


async def test_it_tells_what_it_was_reminded_of():
    told = await said("Which locker is mine?", NOTHING)

    assert told.endswith("What I know about you:\n\n- My locker is number 4711 (4 May 2026)")


async def test_what_the_documents_say_goes_first():
    assert "A locker costs 2 euros." in await said("Which locker is mine?", {"passages": [PASSAGE]})


@pytest.mark.parametrize("instructions", [REMINDED, "Be helpful."])
async def test_it_tells_nothing_that_does_not_bear_on_the_question(instructions):
    told = await said("What does the large tent cost?", NOTHING, instructions=instructions)

    assert "What I know about you" not in told
    assert "found nothing" in told
