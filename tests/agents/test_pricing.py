"""What calls cost and how tokens are counted, both offline."""

from decimal import Decimal

import pytest

from agents.llm import pricing, tokens
from agents.llm.base import Usage


def test_a_known_model_costs_what_its_list_says_with_cached_tokens_cheaper():
    fresh = pricing.price("gpt-4o", Usage(input=1000, output=100))
    cached = pricing.price("gpt-4o", Usage(input=1000, cached=400, output=100))

    assert fresh == Decimal("0.0035")
    assert cached == Decimal("0.0030")


def test_the_dated_name_a_provider_answers_with_is_known_too():
    assert pricing.price("gpt-4o-2024-08-06", Usage(input=1000)) == pricing.price("gpt-4o", Usage(input=1000))


@pytest.mark.parametrize(
    ("llm_name", "provider"),
    [("my-own-llama", "openai"), ("gpt-4o", "nobody"), ("", "openai"), ("whisper-1", "openai")],
)
def test_an_unknown_price_is_unknown_and_not_zero(llm_name, provider):
    assert pricing.price(llm_name, Usage(input=1000, output=1000), provider=provider) is None


def test_a_provider_that_counts_more_cached_than_sent_breaks_nothing():
    assert pricing.price("gpt-4o", Usage(input=100, cached=400, output=1)) is not None


def test_the_demo_model_is_free():
    assert pricing.price("demo", Usage(input=1000, output=1000), provider="demo") == 0


@pytest.mark.parametrize(
    ("llm_name", "count"),
    [("gpt-4o", 8), ("gpt-4.1", 8), ("some-new-llm", 8), ("gpt-4", 9), ("openai/gpt-3.5-turbo", 9), ("gpt-4-turbo", 9)],
)
def test_tokens_are_counted_in_the_vocabulary_of_the_model(llm_name, count):
    happy_birthday = "お誕生日おめでとう"  # the example of OpenAI's cookbook, with its counts

    assert tokens.count_tokens([happy_birthday], llm_name) == count


def test_a_message_costs_its_words_and_what_stands_around_them():
    words = [{"role": "user", "content": "hello world"}]
    call = {"id": "1", "type": "function", "function": {"name": "calculator", "arguments": '{"expression": "1+1"}'}}

    assert tokens.count_messages(words, "gpt-4o") == 2 + 4 + 3
    assert tokens.count_messages([*words, {"role": "assistant", "content": None, "tool_calls": [call]}], "gpt-4o") > 15


def test_twenty_thousand_equal_letters_are_counted_at_once():
    assert 0 < tokens.count_tokens(["a" * 20_000], "gpt-4o") < 20_000
