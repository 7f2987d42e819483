"""The pattern miner on run logs that are made up: what it finds, and above all what it does not."""

import random
from itertools import count
from typing import Any

from uuid_utils.compat import uuid7

from agents.reflecting.patterns import patterns
from agents.reflecting.reading import Seen, Step
from tests.agents.reflecting.log import REFUNDS, TWO_STEPS

AGENT = 7
KINDS = {
    ("search_knowledge", "calculator"): [
        "What is the refund for hotel booking {n} in {place}?",
        "Hotel booking {n}: which refund do I get in {place}?",
        "How high is the refund of a hotel booking in {place}?",
    ],
    ("current_time", "search_knowledge"): [
        "Is the office in {place} open at this hour?",
        "When does the {place} office open today?",
        "Which opening hours has the office in {place}?",
    ],
    ("search_knowledge", "search_knowledge", "calculator"): [
        "Compare the premium tariff with the family tariff for {place}",
        "Which tariff is cheaper in {place}, premium or family tariff?",
        "Is the family tariff better than the premium tariff in {place}?",
    ],
}
PLACES = "Bern Lyon Oslo Porto Graz Turin Malaga Ghent Split Cork".split()
TALK = [
    "Tell me a joke about {place}", "Who founded {place}?", "Write a poem", "What is {n} times {n}?", "Thanks a lot",
    "Translate good morning", "Explain photosynthesis", "Plan a birthday in {place}", "Why is the sky blue?",
]  # fmt: skip


def seen(question: str, *tools: str, user_id: int = 1, is_good: bool | None = True, is_rated: bool = False) -> Seen:
    steps = tuple(Step(tool, ("query",), True) for tool in tools)
    return Seen(uuid7(), user_id, question, steps, is_good, is_rated)


def found(log: list[Seen], **given: Any) -> list[Any]:
    return patterns(log, **{"agent_id": AGENT, "usable": lambda tool: True, "vectors": {}} | given)


def test_three_good_answers_of_one_kind_are_a_pattern() -> None:
    log = [seen(question, *TWO_STEPS, user_id=at) for at, question in enumerate(REFUNDS[:3])]

    (proposal,) = found(log)

    assert proposal.trigger == "requests about hotel, booking, refunded, cancel"
    assert proposal.body == "Use search_knowledge, then calculator, then answer."
    assert proposal.steps == (("search_knowledge", "with query"), ("calculator", "with query"))
    assert [one.run_id for one in proposal.evidence] == [one.run_id for one in log]
    assert found(log[:2]) == []


def test_what_is_not_alike_or_not_done_alike_is_no_pattern() -> None:
    others = ["Who wrote Faust?", "Explain recursion", "Write a poem about autumn"]
    assert found([seen(question, *TWO_STEPS) for question in others]) == []
    ways = [TWO_STEPS, TWO_STEPS[::-1], ("calculator", "current_time")]
    assert found([seen(question, *way) for question, way in zip(REFUNDS, ways, strict=False)]) == []
    assert found([seen(question) for question in REFUNDS]) == []


def test_what_goes_badly_is_no_pattern() -> None:
    good = [seen(question, *TWO_STEPS) for question in REFUNDS[:3]]
    bad = [seen(question, *TWO_STEPS, is_good=False) for question in REFUNDS[2:]]
    unclear = [seen(question, *TWO_STEPS, is_good=None) for question in REFUNDS]

    assert found([*good, *bad]) == []
    assert len(found([*good, *bad[:1]])) == 1
    assert found([*good[:2], *unclear]) == []


def test_a_single_call_is_a_pattern_only_where_people_said_so() -> None:
    assert found([seen(question, "search_knowledge") for question in REFUNDS]) == []
    rated = [seen(question, "search_knowledge", is_rated=True) for question in REFUNDS[:3]]
    assert [one.body for one in found(rated)] == ["Use search_knowledge, then answer."]


def test_a_tool_the_agent_has_no_more_is_not_proposed() -> None:
    log = [seen(question, *TWO_STEPS) for question in REFUNDS]

    assert found(log, usable=lambda tool: tool != "calculator") == []


def test_what_only_one_of_several_people_says_is_not_repeated() -> None:
    log = [seen(f"{question} For Rebecca.", *TWO_STEPS, user_id=1) for question in REFUNDS[:3]]
    log += [seen(REFUNDS[3], *TWO_STEPS, user_id=2)]

    (proposal,) = found(log)

    assert "rebecca" not in proposal.trigger
    assert "refund" in proposal.trigger


def test_meaning_brings_together_what_words_do_not() -> None:
    questions = ["refund of the hotel", "money back for lodging", "hotel: is the money refunded"]
    log = [seen(question, *TWO_STEPS, user_id=at) for at, question in enumerate(questions)]
    near = {one.run_id: [1.0, 0.1 * at] for at, one in enumerate(log)}
    far = {one.run_id: [float(at == place) for place in range(3)] for at, one in enumerate(log)}

    assert len(found(log, vectors=near)) == 1
    assert found(log, vectors=far) == []


def test_among_noise_it_finds_what_is_there_and_nothing_else() -> None:
    """Three kinds of request among three times as much talk, for ten seeds; precision and recall are printed."""
    hits = misses = wrong = 0
    for seed in range(10):
        proposals = found(a_log(random.Random(seed)))
        signatures = [tuple(tool for tool, _ in one.steps) for one in proposals]
        expected = {("search_knowledge", "calculator"), ("current_time", "search_knowledge")}
        hits += len(expected & set(signatures))
        misses += len(expected - set(signatures))
        wrong += sum(signature not in expected for signature in signatures)
    precision, recall = hits / (hits + wrong), hits / (hits + misses)
    print(f"pattern miner: precision {precision:.2f}, recall {recall:.2f}")
    assert precision >= 0.9
    assert recall == 1


def a_log(chance: random.Random) -> list[Seen]:
    """Tariffs are compared badly; the other two kinds go well. Talk uses tools at random."""
    people, log = count(1), []
    for tools, wordings in KINDS.items():
        goes_well = 0.3 if len(tools) == 3 else 0.95
        for wording in wordings * 4:
            question = wording.format(n=chance.randint(100, 999), place=chance.choice(PLACES))
            log.append(seen(question, *tools, user_id=next(people) % 7, is_good=chance.random() < goes_well))
    for _ in range(3 * len(log)):
        question = chance.choice(TALK).format(n=chance.randint(2, 99), place=chance.choice(PLACES))
        tools = chance.choices(["search_knowledge", "calculator", "current_time"], k=chance.randint(0, 3))
        log.append(seen(question, *tools, user_id=next(people) % 7, is_good=chance.random() < 0.5))
    chance.shuffle(log)
    return log
