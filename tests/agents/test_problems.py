"""What is wrong with a configuration is said in a sentence that names the place."""

from typing import Any

import pytest

from agents.models import Agent, AgentVersion
from agents.problems import Neighbour, Problem, Surroundings, problems_of

SALES = {"targets": {"sales": "Prices"}}


def problems(around: Surroundings | None = None, **fields: Any) -> list[Problem]:
    version = AgentVersion(agent=Agent(slug="desk", name="Desk"), **{"instructions": "Help."} | fields)
    return problems_of(version, around or Surroundings(tools=frozenset({"calculator"}), agents=agents()))


def agents(**others: Neighbour) -> dict[str, Neighbour]:
    return {"sales": Neighbour(), "support": Neighbour(), **others}


def around(**others: Neighbour) -> Surroundings:
    return Surroundings(tools=frozenset({"calculator"}), agents=agents(**others))


def test_nothing_is_wrong_with_a_plain_agent():
    assert problems(tools=["calculator"], children=["sales"], handoffs=SALES) == []


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"instructions": "\n "}, "instructions", "say what the agent is to do"),
        ({"tools": ["telepathy"]}, "tools", "no tool named telepathy"),
        ({"tools": ["calculator", "calculator"]}, "tools", "named twice"),
        ({"parameters": ["hot"]}, "parameters", "write a JSON object"),
        ({"parameters": {"model": "x"}}, "parameters", "model cannot be set here"),
        ({"fallback_llm_names": [1]}, "fallback_llm_names", "a list of names"),
        ({"children": ["nobody"]}, "children", "no agent nobody"),
        ({"children": ["desk"]}, "children", "cannot turn to itself"),
        ({"handoffs": {"targets": {"nobody": "x"}}}, "handoffs", "no agent nobody"),
        ({"handoffs": {"targets": {"sales": " "}}}, "handoffs", "say what sales is for"),
        ({"handoffs": {"targets": {"sales": "x"}, "threshold": 2}}, "handoffs", "threshold"),
        ({"approvals": {"calculator": {}}}, "approvals", "which this agent does not have"),
        ({"tools": ["calculator"], "approvals": {"calculator": {"levels": []}}}, "approvals", "levels"),
        ({"output_schema": {"type": "nothing"}}, "output_schema", "no JSON Schema"),
        ({"output_schema": ["x"]}, "output_schema", "no JSON Schema"),
        ({"max_turns": 0}, "max_turns", "from 1 to"),
        ({"max_cost": 0}, "max_cost", "more than 0"),
        ({"max_active_seconds": None}, "max_active_seconds", "from 5"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(fields, where, words):
    found = [problem for problem in problems(**fields) if not problem.is_warning]

    assert any(problem.field == where and words in problem.words for problem in found), found


def test_tasks_that_go_round_in_a_circle_are_refused_with_the_way_round():
    found = problems(around(sales=Neighbour(children=("desk",))), children=["sales"])

    assert [problem.words for problem in found] == [
        "Children: the tasks would go round in a circle (desk → sales → desk)."
    ]


def test_a_circle_through_a_hand_off_is_one_too():
    found = problems(
        around(sales=Neighbour(targets=("support",)), support=Neighbour(children=("desk",))), handoffs=SALES
    )

    assert "desk → sales → support → desk" in found[0].words


def test_a_hand_off_back_is_no_circle_while_somebody_answers():
    back = Neighbour(targets=("desk",), has_tools=True)

    assert problems(around(sales=back), handoffs=SALES) == []


def test_hand_offs_from_which_nobody_gets_out_are_refused():
    found = problems(around(sales=Neighbour(targets=("desk",))), handoffs=SALES)

    assert "no way out" in found[0].words


def asking(when: str) -> list[str]:
    """What is wrong with a policy on a tool that takes an amount and a currency."""
    knows = Surroundings(
        tools=frozenset({"pay", "anything"}),
        agents=agents(),
        arguments={"pay": frozenset({"amount", "currency"})},
    )
    found = problems(knows, tools=["pay", "anything"], approvals={"pay": {"when": when}})
    return [problem.words for problem in found if not problem.is_warning]


def test_a_condition_that_names_no_argument_of_the_tool_is_refused_with_those_it_has():
    assert asking('amuont > 100 and lower(currency) != "eur"') == [
        "Approvals of pay: its condition names amuont, no argument of it; it has amount, currency."
    ]


@pytest.mark.parametrize("when", ["amount > 100", 'contains(currency, "E") or amount == null', "always", "never"])
def test_a_condition_that_names_the_tools_arguments_is_fine(when):
    assert asking(when) == []


def test_a_tool_that_takes_whatever_comes_is_asked_about_whatever_is_named():
    knows = Surroundings(tools=frozenset({"anything"}), agents=agents())

    assert problems(knows, tools=["anything"], approvals={"anything": {"when": "amount > 100"}}) == []


def test_tasks_and_hand_offs_have_arguments_too():
    def of(tool: str, when: str) -> list[Problem]:
        return problems(children=["sales"], handoffs={"targets": {"support": "x"}}, approvals={tool: {"when": when}})

    assert of("ask_sales", 'contains(task, "refund")') == of("hand_off", "confidence < 0.9") == []
    assert "names amount" in of("ask_sales", "amount > 1")[0].words
    assert "names amount" in of("hand_off", "amount > 1")[0].words


@pytest.mark.parametrize("who", ["group:Elders", "user:nobody@example.org"])
def test_deciders_who_do_not_exist_are_a_warning(who):
    found = problems(tools=["calculator"], approvals={"calculator": {"levels": [{"who": who}]}})

    assert [problem.is_warning for problem in found] == [True]


def test_somebody_switched_off_is_a_warning():
    found = problems(around(sales=Neighbour(is_there=False)), children=["sales"])

    assert [problem.is_warning for problem in found] == [True]


def test_tasks_below_tasks_beyond_the_depth_are_a_warning():
    deep = around(
        sales=Neighbour(children=("a",)), a=Neighbour(children=("b",)), b=Neighbour(children=("c",)), c=Neighbour()
    )

    assert "passed on 4 times" in problems(deep, children=["sales"])[0].words


def test_a_model_is_missing_only_where_the_connection_names_none():
    connected = Surroundings(llm_name="")

    assert "names no model" in problems(connected)[0].words
    assert problems(connected, llm_name="gpt-4o") == []
    assert problems(Surroundings(llm_name="gpt-4o")) == []


def test_a_model_nobody_is_connected_to_is_a_warning():
    assert [problem.is_warning for problem in problems(llm_name="gpt-4o")] == [True]
