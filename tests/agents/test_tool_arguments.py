"""What an LLM may write as arguments, and what a tool may answer: whatever it is, there is a result in words."""

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from agents.models import CallStatus
from agents.tools.arguments import canonical, digest
from agents.tools.base import Effect, InvalidArguments, tool
from agents.tools.results import rendered
from tests.agents.calls import context, result_of

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


class Guest(BaseModel):
    name: str
    nights: Annotated[int, Field(ge=1)]


@tool(effect=Effect.READ)
async def book(
    room: Literal["single", "double"], guests: Annotated[list[Guest], Field(min_length=1)], note: str = ""
) -> str:
    """Book a room."""
    return f"{room} for {len(guests)}"


@given(raw=st.text() | anything.map(json.dumps))
@settings(deadline=None)
async def test_whatever_the_llm_writes_there_is_a_result(raw):
    result = await book.call(raw, context())

    assert result.status in (CallStatus.INVALID, CallStatus.SUCCEEDED)
    result.text.encode()


@pytest.mark.parametrize("raw", ["\ud800", '"\\ud800"', '{"room": "\\ud800"}', "\x00", "[" * 10_000, "9" * 10_000])
async def test_hostile_text_is_no_exception(raw):
    assert (await book.call(raw, context())).status == CallStatus.INVALID


def test_a_complaint_names_the_fields_and_shows_an_example_that_is_right():
    with pytest.raises(InvalidArguments) as complaint:
        book.validated('{"room": "suite", "guests": [{"name": "Ada", "nights": 0}], "pets": 2}')

    words = str(complaint.value)
    assert all(field in words for field in ("room: ", "guests.0.nights: ", "pets: "))
    example = words.partition("For example: ")[2]
    assert book.validated(example)


def test_an_example_that_would_be_wrong_is_left_out():
    @tool(effect=Effect.READ)
    async def call_up(number: Annotated[str, Field(pattern=r"^\+\d{9}$")]) -> str:
        """Call."""
        return number

    with pytest.raises(InvalidArguments) as complaint:
        call_up.validated("{}")

    assert "For example" not in str(complaint.value)


@given(value=st.dictionaries(st.text(max_size=5), anything, max_size=5), indent=st.sampled_from([None, 1, 4]))
def test_the_same_arguments_have_one_digest(value, indent):
    backwards = dict(reversed(value.items()))

    assert digest(json.dumps(value)) == digest(json.dumps(backwards, indent=indent))
    assert json.loads(canonical(json.dumps(value))) == value


def test_other_arguments_have_another_digest():
    assert digest('{"a": 1}') != digest('{"a": 2}')
    assert digest('{"a": "1"}') != digest('{"a": 1}')
    assert digest("") == digest("{}")
    assert canonical("not json") == "not json"
    assert len(digest("\ud800")) == 64


def returning(value: Any, **options: Any) -> Any:
    @tool(**{"effect": Effect.READ} | options)
    async def bring() -> Any:
        """Bring something."""
        return value

    return bring


class Vicious:
    def __str__(self) -> str:
        raise RuntimeError("no words")


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "value",
    [None, {"a": {1, 2}}, {(1, 2): 3}, object(), Vicious(), nested(100_000), CIRCLE, b"\xff", float("nan")],
    ids=lambda value: type(value).__name__,
)
async def test_whatever_a_tool_returns_it_succeeded(value):
    result = await result_of(returning(value))

    assert result.status == CallStatus.SUCCEEDED
    assert result.text
    result.text.encode()


async def test_what_the_database_refuses_is_left_out():
    result = await result_of(returning("a\x00b\ud800c"))

    assert result.text == "abc"


async def test_models_are_written_as_json():
    result = await result_of(returning({"guest": Guest(name="Ada", nights=2)}))

    assert json.loads(result.text) == {"guest": {"name": "Ada", "nights": 2}}


async def test_a_result_that_fits_is_not_kept_twice():
    assert (await result_of(returning("x" * 16_000))).whole is None


@pytest.mark.parametrize("value", ["x" * 16_001, ["x" * 1000] * 17])
async def test_a_long_result_is_cut_for_the_llm_and_kept_whole(value):
    result = await result_of(returning(value))

    whole = value if isinstance(value, str) else json.dumps(value)
    assert result.whole == whole
    assert result.text.startswith(whole[:16_000])
    assert len(result.text) < 16_200
    assert f"{len(whole):,} characters" in result.text


async def test_a_tool_may_have_a_limit_of_its_own():
    result = await result_of(returning("x" * 200, most_characters=100))

    assert result.whole == "x" * 200
    assert result.text.startswith("x" * 100 + "\n")


async def test_an_endless_result_is_not_written_to_its_end():
    result = await result_of(returning([["x" * 1000] * 1000] * 1_000_000))

    assert result.whole and len(result.whole) < 2_001_000
    assert "more than 2,000,000 characters" in result.text


async def test_an_error_may_be_any_text():
    @tool(effect=Effect.READ)
    async def fails() -> None:
        """Fail."""
        raise ValueError("\x00\ud800" + "x" * 1_000_000)

    result = await result_of(fails)

    assert result.status == CallStatus.FAILED
    assert len(result.text) < 20_000
    result.text.encode()


@given(value=anything)
def test_any_value_reads_back(value):
    text = rendered(value).text

    assert isinstance(value, str) or json.loads(text) == value
