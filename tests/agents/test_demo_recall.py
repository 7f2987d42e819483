"""What the demo model looks up about the person, how it tells that, and what it leaves to others."""

import json

import pytest

from agents.llm.demo.answers import answer
from agents.llm.demo.rules import plan
from agents.llm.demo.steps import Ask, Result

OFFERED = frozenset({"recall", "remember", "forget", "calculator", "current_time", "search_knowledge"})


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("What do you know about me?", ""),
        ("Who am I?", ""),
        ("Was weißt du über mich?", ""),
        ("What did I tell you about my sister?", "my sister"),
        ("Do you remember my dog?", "my dog"),
        ("What is my name?", "What is my name"),
        ("Where do I live?", "Where do I live"),
        ("When is my birthday?", "When is my birthday"),
    ],
)
def test_it_looks_up_what_is_asked_about_the_person(said, query):
    assert plan(said, OFFERED) == [Ask("recall", {"query": query})]


@pytest.mark.parametrize(
    "said",
    ["What is the travel policy?", "What is my hotel limit?", "How do I book a flight?", "What is 2 + 3?", "Hello!"],
)
def test_it_leaves_the_rest_to_other_rules(said):
    assert not [step for step in plan(said, OFFERED) if isinstance(step, Ask) and step.tool == "recall"]


def test_without_the_tool_it_does_not_ask_for_it():
    assert Ask("recall", {"query": ""}) not in plan("What do you know about me?", OFFERED - {"recall"})


def test_it_tells_what_was_found_and_that_nothing_was():
    fact = {"kind": "fact", "known_since": "3 May 2026", "text": "Lives in Lisbon"}
    said = {"kind": "conversation", "known_since": "3 May 2026", "text": "Alice: The cellar\nwas flooded."}

    told = answer(Result("recall", {"query": "home"}, json.dumps({"memories": [fact, said]})))
    nothing = answer(Result("recall", {"query": "home"}, json.dumps({"memories": [], "note": "…"})))

    assert "- Lives in Lisbon (3 May 2026)" in told
    assert "- “Alice: The cellar was flooded.” (from a conversation)" in told
    assert nothing == "I know nothing about “home”."
    assert answer(Result("recall", {"query": ""}, json.dumps({"memories": []}))) == "I know nothing about you yet."
