"""The recorder: told in plain values, twice or broken, it keeps one true row."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries
from uuid_utils.compat import uuid7

from observability.models import Payload, Score, Span, Trace
from observability.recorder import FEEDBACK, Status, record_score, record_spans, record_trace, remove_score
from tests.observability.told import a_span, a_trace

pytestmark = pytest.mark.django_db


def test_a_trace_told_again_is_one_row_that_says_the_latest() -> None:
    began = a_trace(status=Status.RUNNING, answer="", duration_ms=None)

    record_trace(began)
    record_trace(replace(began, status=Status.OK, answer="4", duration_ms=900, cost=Decimal("0.0012")))

    trace = Trace.objects.get()
    assert (trace.status, trace.answer, trace.duration_ms, trace.cost) == ("ok", "4", 900, Decimal("0.0012"))


def test_a_step_told_twice_stays_as_it_was_first_told() -> None:
    told = a_trace()
    span = a_span(told.id)
    record_trace(told)

    record_spans([span])
    record_spans([replace(span, status=Status.ERROR, output="something else"), a_span(told.id)])

    assert Span.objects.count() == Payload.objects.count() == 2
    assert Span.objects.get(id=span.id).status == "ok"
    assert Payload.objects.get(span=span.id).output == "4"


def test_a_step_is_told_in_three_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    told = a_trace()

    with transaction.atomic(), django_assert_num_queries(3):
        record_trace(told)
        record_spans([a_span(told.id) for _ in range(20)])


def test_no_steps_are_no_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        record_spans([])


def test_what_is_rolled_back_was_never_told() -> None:
    told = a_trace()

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record_trace(told)
        record_spans([a_span(told.id)])
        raise ZeroDivisionError

    assert not Trace.objects.exists()
    assert not Span.objects.exists()


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("cannot say")


def a_circle() -> list[Any]:
    circle: list[Any] = []
    circle.extend([circle, circle, circle])
    return circle


@pytest.mark.parametrize(
    "content",
    [
        "a NUL \x00 and half a character \ud83d",
        {"\x00": {"\ud800": ["\udfff"]}},
        float("nan"),
        float("-inf"),
        10**5000,
        "long " * 1_000_000,
        ["many"] * 1_000_000,
        a_circle(),
        {("a", 1): {1, 2}, None: b"bytes", "when": uuid7()},
        Unspeakable(),
        object(),
    ],
    ids=[
        "half characters", "odd keys", "not a number", "infinity", "huge number", "long text", "long list", "circle",
        "python values", "unspeakable", "object",
    ],
)  # fmt: skip
def test_nothing_that_was_said_can_make_it_raise(content: Any) -> None:
    text = content if isinstance(content, str) else "?"
    told = a_trace(question=text, answer=text, error=text, agent=text, llm_name=text)

    record_trace(told)
    record_spans([a_span(told.id, name=text, error=text, input=content, output=content, attributes={"it": content})])

    kept = Payload.objects.get()
    assert len(str(kept.input)) < 70_000
    assert Trace.objects.get().question


def test_numbers_beyond_their_column_are_brought_into_range() -> None:
    told = a_trace(duration_ms=2**40, input_tokens=-5, cost=Decimal("NaN"))

    record_trace(told)
    record_spans([a_span(told.id, attempt=10**6, duration_ms=-1, cost=Decimal(10) ** 12)])

    trace = Trace.objects.get()
    assert (trace.duration_ms, trace.input_tokens, trace.cost) == (2**31 - 1, 0, None)
    assert Span.objects.get().duration_ms == 0


def test_secrets_never_reach_the_table() -> None:
    secret = "sk-proj-Zx81kQ0pLm3nB7vC5tR9"
    told = a_trace(question=f"my key is {secret}", error=f"bad key {secret}")

    record_trace(told)
    given = {"deep": [{"api_key": "hunter2", "note": secret}]}
    record_spans([a_span(told.id, error=secret, input=given, output=secret)])

    rows = [*Trace.objects.values(), *Span.objects.values(), *Payload.objects.values()]
    assert secret not in str(rows)
    assert "hunter2" not in str(rows)


def test_a_long_question_keeps_its_beginning() -> None:
    record_trace(a_trace(question="why " * 1000))

    assert len(Trace.objects.get().question) == 500


def test_a_changed_mind_overwrites_and_the_trace_carries_it() -> None:
    told = a_trace()
    record_trace(told)

    record_score(trace_id=told.id, name=FEEDBACK, value=1.0, author_id=7)
    record_score(trace_id=told.id, name=FEEDBACK, value=0.0, author_id=7, comment="Wrong year")

    assert Score.objects.get().comment == "Wrong year"
    assert Trace.objects.get().score == 0.0


def test_a_thumb_taken_back_leaves_the_one_of_another_person() -> None:
    told = a_trace()
    record_trace(told)
    record_score(trace_id=told.id, name=FEEDBACK, value=0.0, author_id=8)
    record_score(trace_id=told.id, name=FEEDBACK, value=1.0, author_id=7)

    remove_score(trace_id=told.id, name=FEEDBACK, author_id=7)
    assert Trace.objects.get().score == 0.0

    remove_score(trace_id=told.id, name=FEEDBACK, author_id=8)
    assert Trace.objects.get().score is None


def test_a_thumb_survives_the_next_telling_of_its_trace() -> None:
    told = a_trace(status=Status.RUNNING)
    record_trace(told)
    record_score(trace_id=told.id, name=FEEDBACK, value=1.0, author_id=7)

    record_trace(replace(told, status=Status.OK))

    assert Trace.objects.get().score == 1.0


def test_a_judgement_without_an_author_overwrites_itself_too() -> None:
    told = a_trace()

    record_score(trace_id=told.id, name="helpful", value=0.3, source="evaluator")
    record_score(trace_id=told.id, name="helpful", value=0.8, source="evaluator")

    assert Score.objects.get().value == 0.8


def test_a_score_of_a_trace_that_is_gone_harms_nobody() -> None:
    record_score(trace_id=uuid7(), name=FEEDBACK, value=1.0, author_id=7)

    assert Score.objects.count() == 1
