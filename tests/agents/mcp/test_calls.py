"""A tool of an MCP server is called like any other: validated, told in words, cut to size, and never done twice."""

import json

import pytest

from agents.models import CallStatus, Effect
from agents.tools.results import MOST_RESULT_CHARACTERS
from tests.agents.calls import context, result_of
from tests.agents.mcp.servers import by_url, house_in


@pytest.fixture(params=["command", "url"])
def house(request, book):
    return house_in(book) if request.param == "command" else by_url(request.getfixturevalue("house_url"))


async def test_it_brings_what_the_server_answers(offered, house):
    add = await offered(house, "add", effect=Effect.READ)

    result = await result_of(add, a=2, b=3)

    assert (result.status, json.loads(result.text)) == (CallStatus.SUCCEEDED, {"result": 5})
    assert result.attributes["plumbline.mcp.server"] == "house"
    assert result.attributes["plumbline.mcp.server_ms"] >= 0
    assert "plumbline.mcp.connect_ms" in result.attributes


async def test_the_connection_is_kept(offered, house):
    add = await offered(house, "add")
    await result_of(add, a=2, b=3)

    result = await result_of(add, a=2, b=4)

    assert json.loads(result.text) == {"result": 6}
    assert "plumbline.mcp.connect_ms" not in result.attributes


async def test_wrong_arguments_never_reach_the_server(offered, house):
    add = await offered(house, "add")

    result = await result_of(add, a="two")

    assert result.status == CallStatus.INVALID
    assert "a: 'two' is not of type 'integer'" in result.text
    assert "'b' is a required property" in result.text
    assert 'For example: {"a": 1, "b": 1}' in result.text


@pytest.mark.parametrize("raw", ["{", "[]", '"add"', "7"])
async def test_arguments_that_are_no_object_are_invalid(offered, house_url, raw):
    add = await offered(by_url(house_url), "add")

    assert (await add.call(raw, context())).status == CallStatus.INVALID


async def test_a_server_that_says_no_has_failed_with_its_words(offered, house):
    refuse = await offered(house, "refuse")

    result = await result_of(refuse)

    assert result.status == CallStatus.FAILED
    assert "the cupboard is locked" in result.text


async def test_what_an_llm_cannot_read_is_named(offered, house_url):
    picture, links = [await offered(by_url(house_url), name) for name in ("picture", "links")]

    assert (await result_of(picture)).text == "A house.\n(An image, image/png, 9 bytes: not passed on.)"
    assert (await result_of(links)).text == "(A link to plan: file:///plan.pdf)"


async def test_a_question_back_is_an_error_in_words(offered, house_url):
    paint = await offered(by_url(house_url), "paint")

    result = await result_of(paint)

    assert result.status == CallStatus.FAILED
    assert "wants to ask a person something first" in result.text


async def test_a_huge_result_is_cut_and_kept(offered, house):
    huge = await offered(house, "huge")

    result = await result_of(huge, characters=500_000)

    assert len(result.text) < MOST_RESULT_CHARACTERS + 200
    assert result.whole == "x" * 500_000


async def test_a_result_beyond_all_bounds_is_unknown_not_read(offered, house):
    huge = await offered(house, "huge")

    result = await result_of(huge, characters=9_000_000)

    assert result.status == CallStatus.OUTCOME_UNKNOWN
    assert "more than 8 MB" in result.text or "longer than 8 MB" in result.text


async def test_the_server_learns_which_run_it_is_and_the_same_key_each_time(offered, book):
    put = await offered(house_in(book), "put", effect=Effect.IDEMPOTENT)
    given = context()

    await result_of(put, given, text="once")
    await result_of(put, given, text="twice")

    lines = (book / "book").read_text().splitlines()
    said = {line.split(" ", 2)[2] for line in lines}
    assert [json.loads(one) for one in said] == [
        {"plumbline/run": str(given.run_id), "plumbline/idempotency-key": str(given.idempotency_key)}
    ]


async def test_secrets_reach_the_server_and_nobody_else(offered, book, caplog):
    caplog.set_level("DEBUG")
    secret = await offered(house_in(book, HOUSE_KEY="sesame-open-4711"), "secret")

    result = await result_of(secret)

    assert result.text == "the key is •••, and the database is unknown"
    assert "my key is •••" in caplog.text
    assert "sesame" not in caplog.text + repr(secret)


async def test_headers_reach_a_server_at_a_url(offered, house_url, caplog):
    caplog.set_level("DEBUG")
    secret = await offered(by_url(house_url, **{"X-House-Key": "sesame-open-4712"}), "secret")

    result = await result_of(secret)

    assert result.text.startswith("the key is •••,")
    assert "sesame" not in caplog.text + repr(secret)
