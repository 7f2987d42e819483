"""The demo model in the real loop with the real tools: what a person sees who has connected no LLM yet."""

import json

import pytest
from uuid_utils.compat import uuid7

from agents import loop
from agents.context import AgentConfig, RunContext
from agents.facts import CallFinished, CallStarted, ReplyReceived, RunEnded
from agents.llm import tokens
from agents.llm.base import TextDelta
from agents.llm.demo import DemoLLM
from agents.models import StopReason
from agents.tools.registry import all_tools
from agents.transcript import Question
from memory import indexing, knowledge

ALL = ("calculator", "current_time", "search_knowledge")


class Told:
    """What came of a question."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict]] = []
        self.results: list[str] = []
        self.pieces: list[str] = []
        self.replies: list[ReplyReceived] = []
        self.end: RunEnded | None = None

    @property
    def answer(self) -> str:
        return self.replies[-1].reply.text

    @property
    def expressions(self) -> list[str]:
        return [arguments["expression"] for name, arguments in self.calls if name == "calculator"]


async def ask(question: str, *, tools: tuple[str, ...] = ALL, user_id: int | None = None) -> Told:
    told = Told()
    async for fact in loop.run(context(question, tools, user_id)):
        match fact:
            case TextDelta(text):
                told.pieces.append(text)
            case ReplyReceived():
                told.replies.append(fact)
            case CallStarted(call):
                told.calls.append((call.name, json.loads(call.raw_arguments)))
            case CallFinished(result=result):
                told.results.append(result.text)
            case RunEnded():
                told.end = fact
    return told


def context(question: str, tools: tuple[str, ...], user_id: int | None) -> RunContext:
    agent = AgentConfig(
        slug="assistant",
        name="Assistant",
        version=1,
        instructions="Help.",
        llm_name="demo",
        fallback_llm_names=(),
        parameters={},
        tools={name: all_tools()[name] for name in tools},
        max_turns=5,
        max_tool_calls=6,
    )
    return RunContext(
        run_id=uuid7(),
        thread_id=uuid7(),
        user_id=user_id,
        user_name="Alice",
        agent=agent,
        llm=DemoLLM(seconds_per_word=0),
        transcript=[Question(question)],
        turn=0,
    )


async def test_a_sum_in_english_is_worked_out_by_the_calculator():
    told = await ask("What is 23.5 % of 1,482.70, minus 18?")

    assert told.calls == [("calculator", {"expression": "1482.70 * 23.5 / 100 - 18"})]
    assert "**330.4345**" in told.answer
    assert told.end == RunEnded(StopReason.FINAL)


@pytest.mark.parametrize(
    ("question", "result"),
    [
        ("12*(3+4)", "84"),
        ("sqrt(2)", "1.4142135623731"),
        ("17 plus 25", "42"),
        ("Divide 1,000 by eight", "125"),
        ("subtract 3 from ten, please", "7"),
        ("What is two to the power of ten?", "1024"),
        ("What is 200 + 10%?", "220"),
        ("20% off $80", "64"),
        ("a 15% tip on €64.50", "9.675"),
        ("increase 50 by 20%", "60"),
        ("30 is what percent of 120?", "25"),
        ("the sum of 3, 4 and 5", "12"),
        ("What's the average of 10, 20 and 60?", "30"),
        ("the square root of 16 plus 9", "13"),
        ("5 squared minus 3", "22"),
        ("7 x 8 =", "56"),
        ("max(1,2,300)", "300"),
        ("17 % 5", "2"),
        ("2 * -3", "-6"),
        ("What is 2.5 million divided by 4?", "625000"),
        ("three hundred and five times two", "610"),
        ("What is 3 apples plus 5 oranges?", "8"),
    ],
)
async def test_arithmetic_is_understood_in_many_phrasings(question, result):
    told = await ask(question)

    assert f"**{result}**" in told.answer


@pytest.mark.parametrize(
    "question",
    [
        "Our office is open 24/7, is it not?",
        "Does shipping take 5-10 days?",
        "What happened on 2024-05-01?",
        "Whose number is 555-1234?",
        "What is on page 4 of version 3.11.2?",
        "Solve 2x + 3 = 7",
    ],
)
async def test_numbers_that_ask_for_no_sum_are_not_worked_out(question, db):
    assert (await ask(question)).expressions == []


@pytest.mark.parametrize(
    ("question", "zones"),
    [
        ("What time is it in Tokyo?", ["Asia/Tokyo"]),
        ("what's the time in New York and London", ["America/New_York", "Europe/London"]),
        ("Can you tell me the time in São Paulo?", ["America/Sao_Paulo"]),
        ("What day is it?", ["UTC"]),
        ("today's date in Germany", ["Europe/Berlin"]),
    ],
)
async def test_questions_about_the_time_ask_the_clock_of_the_place(question, zones):
    told = await ask(question)

    assert told.calls == [("current_time", {"timezone": zone}) for zone in zones]
    assert all(json.loads(result)["readable"] in told.answer for result in told.results)


async def test_an_unknown_place_is_admitted_and_no_time_invented():
    told = await ask("What time is it in Gotham?")

    assert told.calls == []
    assert "do not know the time zone of Gotham" in told.answer


async def test_two_requests_in_one_message_become_two_calls_of_one_reply():
    told = await ask("What time is it in Tokyo and what is 3*7?")

    assert [name for name, _ in told.calls] == ["current_time", "calculator"]
    assert len(told.replies) == 2
    assert told.answer.index("Tokyo") < told.answer.index("**21**")


async def test_a_tool_that_fails_is_reported_in_words():
    told = await ask("What is 5 divided by 0?")

    assert told.results == ["Error: Division by zero."]
    assert told.answer == "The calculator could not work that out. It said: Division by zero."


@pytest.mark.django_db(transaction=True)
async def test_a_question_about_a_document_is_answered_with_a_quote_and_its_title(settings):
    settings.EMBEDDING_MODEL = "none"
    await stored("Travel rules", b"# Hotels\nA hotel may cost up to 140 euros per night.")

    told = await ask("How much may a hotel cost per night?")

    assert told.calls == [("search_knowledge", {"query": "How much may a hotel cost per night"})]
    assert "> A hotel may cost up to 140 euros per night." in told.answer
    assert "**Travel rules**, Hotels" in told.answer


@pytest.mark.django_db(transaction=True)
async def test_nothing_found_is_said_and_nothing_invented(settings):
    settings.EMBEDDING_MODEL = "none"

    told = await ask("What is the capital of France?")

    assert told.calls == [("search_knowledge", {"query": "What is the capital of France"})]
    assert "found nothing" in told.answer
    assert "Paris" not in told.answer


async def stored(title: str, content: bytes) -> None:
    from agents.database import in_database

    await in_database(
        lambda: knowledge.add_document(title=title, content=content, media_type="text/markdown", owner_id=None)
    )
    await in_database(indexing.index_waiting)


@pytest.mark.parametrize("question", ["12*4", "What time is it?", "What is the refund policy?"])
async def test_a_tool_the_agent_was_not_given_is_never_called(question):
    told = await ask(question, tools=())

    assert told.calls == []
    assert told.answer


@pytest.mark.parametrize("question", ["Hello", "Who are you?", "help", "Are you ChatGPT?"])
async def test_it_says_what_it_is(question):
    assert "demo model" in (await ask(question)).answer


async def test_help_names_what_it_can_do_with_the_tools_it_has():
    everything, little = await ask("What can you do?"), await ask("What can you do?", tools=("calculator",))

    assert "Your documents" in everything.answer
    assert "Arithmetic" in little.answer
    assert "Your documents" not in little.answer


@pytest.mark.parametrize(("question", "mark"), [("Show me a table", "|---|"), ("Show me some code", "```python")])
async def test_markdown_is_shown_on_request(question, mark):
    assert mark in (await ask(question)).answer


async def test_the_text_arrives_word_by_word_and_adds_up():
    told = await ask("help")

    assert len(told.pieces) > 50
    assert "".join(told.pieces) == told.answer


async def test_the_same_question_is_answered_the_same_way():
    assert (await ask("What is 3*7? And 4*5?")).answer == (await ask("What is 3*7? And 4*5?")).answer


async def test_its_tokens_are_counted_and_called_an_estimate():
    usage = (await ask("Hello")).replies[0].reply.usage

    assert usage.is_estimated
    assert usage.output == tokens.count_tokens([(await ask("Hello")).answer], "demo")
    assert usage.input > 10


@pytest.mark.parametrize(
    "question", ["", "((((", "sum of " * 500, "1 , " * 900, "%" * 2000, "in " * 900, "time " * 900]
)
async def test_whatever_is_typed_gets_an_answer(question, db):
    assert (await ask(question, tools=("calculator", "current_time"))).answer
