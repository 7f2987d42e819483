"""What the demo model gives to the tools of memory, and what it leaves alone."""

import pytest

from agents.llm.demo.rules import plan
from agents.llm.demo.steps import Ask

OFFERED = frozenset({"remember", "forget", "calculator", "current_time", "search_knowledge"})


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Remember that my dog is called Rex.", Ask("remember", {"text": "my dog is called Rex"})),
        ("Can you please remember that I am vegan?", Ask("remember", {"text": "I am vegan"})),
        ("My name is Dana.", Ask("remember", {"text": "My name is Dana"})),
        ("Please always answer in French.", Ask("remember", {"text": "Please always answer in French"})),
        ("Merk dir, dass ich in Köln wohne.", Ask("remember", {"text": "ich in Köln wohne"})),
        ("Forget that I live in Rome.", Ask("forget", {"what": "I live in Rome"})),
        ("Please forget about my dog", Ask("forget", {"what": "my dog"})),
    ],
)
def test_it_asks_for_the_tool(said, asked):
    assert plan(said, OFFERED) == [asked]


@pytest.mark.parametrize(
    "said", ["Do you remember that place?", "Forget it.", "What is 2 + 3?", "Where do I live?", "I see."]
)
def test_it_leaves_the_rest_alone(said):
    assert not [step for step in plan(said, OFFERED) if isinstance(step, Ask) and step.tool in ("remember", "forget")]


def test_without_the_tools_it_does_not_ask_for_them():
    assert plan("My name is Dana.", frozenset({"calculator"})) != [Ask("remember", {"text": "My name is Dana"})]
