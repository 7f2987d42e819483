"""The page of one trace, and the steps that open on it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from observability.recorder import FEEDBACK, Kind, SpanFacts, Status, record_score, record_spans, record_trace
from tests.observability.told import NOON, a_span, a_trace

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def tell(*spans: Any, **changes: Any) -> UUID:
    """A trace with these steps; a step is made by a function of the trace's id."""
    told = a_trace(**changes)
    record_trace(told)
    record_spans([span(told.id) for span in spans])
    return told.id


def step(**changes: Any) -> Callable[[UUID], SpanFacts]:
    return lambda trace_id: a_span(trace_id, **changes)


def page_of(console: Client, trace_id: UUID) -> str:
    return console.get(f"/admin/observability/trace/{trace_id}/change/").content.decode()


def timeline_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="timeline-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_trace_shows_its_facts_and_its_steps(console: Client, alice: User) -> None:
    trace_id = tell(
        step(started_at=NOON + timedelta(milliseconds=300), duration_ms=12),
        step(
            kind=Kind.LLM, tool_name="", llm_name="gpt-4o", attempt=2, input_tokens=12, error="busy",
            status=Status.ERROR,
        ),
        user_id=alice.id, question="Why?", input_tokens=2302, cached_tokens=1536, output_tokens=254,
    )  # fmt: skip
    record_score(trace_id=trace_id, name=FEEDBACK, value=0.0, comment="Wrong year", author_id=alice.id)

    page = page_of(console, trace_id)

    for said in ("Why?", alice.email, "1.2 s", "2,302", "1,536", "Thumb down", "Wrong year"):
        assert said in page
    llm, tool = timeline_of(page)["spans"]
    assert (tool["start"], tool["duration"], tool["tool"]) == (300, 12, "calculator")
    assert (llm["attempt"], llm["inputTokens"], llm["error"], llm["cost"]) == (2, 12, "busy", None)


def test_the_short_address_of_a_trace_leads_to_its_page(console: Client) -> None:
    trace_id = tell()

    answer = console.get(f"/admin/observability/trace/{trace_id}/")

    assert answer["Location"].endswith(f"/{trace_id}/change/")


def test_a_trace_with_three_thousand_steps_asks_no_more_than_one_with_two(
    console: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    trace_id = tell(*(step() for _ in range(3000)))

    with django_assert_num_queries(11):
        page = page_of(console, trace_id)

    assert len(timeline_of(page)["spans"]) == 3000


def test_a_step_opens_with_what_went_in_and_out(console: Client) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is 2 + 2?"}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "calculator", "arguments": '{"expression":"2+2"}'}}]},
        {"role": "tool", "tool_call_id": "1", "content": "4"},
    ]  # fmt: skip
    span_id = uuid4()
    trace_id = tell(
        step(
            id=span_id, kind=Kind.LLM, llm_name="gpt-4o", input=messages, output="It is 4.",
            attributes={"gen_ai.x": [1]},
        )
    )  # fmt: skip

    shown = console.get(f"/admin/observability/trace/{trace_id}/span/{span_id}/").content.decode()

    arguments = "&quot;expression&quot;: &quot;2+2&quot;"
    for said in ("Be brief.", "What is 2 + 2?", "calculator", arguments, "It is 4.", "gen_ai.x"):
        assert said in shown


def test_a_step_whose_payload_is_gone_says_so(console: Client) -> None:
    from observability.models import Payload

    span_id = uuid4()
    trace_id = tell(step(id=span_id))
    Payload.objects.all().delete()

    assert "no longer kept" in console.get(f"/admin/observability/trace/{trace_id}/span/{span_id}/").content.decode()


def test_a_step_does_not_open_under_another_trace(console: Client) -> None:
    span_id = uuid4()
    tell(step(id=span_id))
    other = tell()

    assert console.get(f"/admin/observability/trace/{other}/span/{span_id}/").status_code == 404


def test_a_trace_that_is_not_there_is_not_found(console: Client) -> None:
    assert console.get(f"/admin/observability/trace/{uuid4()}/change/").status_code == 404
    assert console.get("/admin/observability/trace/nonsense/change/").status_code == 404


def test_the_other_questions_of_the_conversation_are_one_click_away(console: Client) -> None:
    thread = uuid4()
    earlier = tell(thread_id=thread, question="Asked earlier")
    tell(question="Asked elsewhere")

    page = page_of(console, tell(thread_id=thread, question="Asked now"))

    assert "Asked earlier" in page
    assert str(earlier) in page
    assert "Asked elsewhere" not in page


def test_nothing_recorded_is_ever_markup(console: Client, alice: User) -> None:
    span_id = uuid4()
    trace_id = tell(
        step(
            id=span_id, name=HOSTILE, tool_name=HOSTILE, error=HOSTILE, input={HOSTILE: HOSTILE}, output=HOSTILE,
            attributes={HOSTILE: HOSTILE},
        ),
        step(kind=Kind.LLM, llm_name=HOSTILE, input=[{"role": HOSTILE, "content": HOSTILE}], output=HOSTILE),
        question=HOSTILE, answer=HOSTILE, error=HOSTILE, agent=HOSTILE, llm_name=HOSTILE,
    )  # fmt: skip
    record_score(trace_id=trace_id, name=FEEDBACK, value=1.0, comment=HOSTILE, author_id=alice.id)

    page = page_of(console, trace_id)
    steps = [
        console.get(f"/admin/observability/trace/{trace_id}/span/{span['id']}/").content.decode()
        for span in timeline_of(page)["spans"]
    ]

    for shown in (page, *steps):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
