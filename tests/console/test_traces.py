"""The list of traces: what it shows, how it is narrowed, and what it costs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from observability.recorder import FEEDBACK, Status, record_score, record_trace
from tests.observability.told import a_trace

LIST = "/admin/observability/trace/"


def tell(**changes: Any) -> UUID:
    told = a_trace(**{"started_at": timezone.now()} | changes)
    record_trace(told)
    return told.id


def page_of(console: Client, **wanted: Any) -> str:
    return console.get(LIST, wanted).content.decode()


def test_a_row_says_how_it_went_who_asked_and_what_it_cost(console: Client, alice: User) -> None:
    tell(question="Why is it so?", user_id=alice.id, agent="helpdesk", agent_version=3, cost=Decimal("0.0012"))

    page = page_of(console)

    for said in ("Why is it so?", "Answered", "helpdesk v3", alice.email, "1.2 s", "$0.0012", "1 trace"):
        assert said in page


def test_an_unknown_price_is_never_zero(console: Client) -> None:
    tell(cost=None)

    assert "unknown" in page_of(console)


def test_an_empty_console_says_where_to_begin(console: Client) -> None:
    page = page_of(console)

    assert "Nothing has run yet" in page
    assert "Ask the first question" in page


def test_a_filter_nothing_matches_says_so(console: Client) -> None:
    tell()

    assert "No trace matches" in page_of(console, status="error")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"status": "error"}, {"broken"}),
        ({"errors": "1"}, {"broken", "bumpy"}),
        ({"agent": "helpdesk"}, {"other"}),
        ({"rated": "up"}, {"liked"}),
        ({"rated": "down"}, {"bumpy"}),
        ({"rated": "any"}, {"liked", "bumpy"}),
        ({"period": "24h"}, {"broken", "bumpy", "other", "liked"}),
        ({"q": "broken"}, {"broken"}),
        ({"q": "Was -broken -old"}, {"bumpy", "other", "liked"}),
        ({"q": "absent"}, set()),
        ({"person": "nobody@example.org"}, set()),
        ({"status": "error", "agent": "helpdesk"}, set()),
        ({"status": "nonsense", "period": "1y", "rated": "?", "thread": "x", "before": "y~z"}, {
            "broken", "bumpy", "other", "liked", "old"}),
    ],
)  # fmt: skip
def test_the_list_is_narrowed_by_its_address(console: Client, wanted: dict[str, str], found: set[str]) -> None:
    tell(question="Was it broken", status=Status.ERROR, error_count=1)
    record_score(trace_id=tell(question="Was it bumpy", error_count=2), name=FEEDBACK, value=0.0)
    tell(question="Was it other", agent="helpdesk")
    record_score(trace_id=tell(question="Was it liked"), name=FEEDBACK, value=1.0)
    tell(question="Was it old", started_at=timezone.now() - timedelta(days=3))

    page = page_of(console, **wanted)

    assert {name for name in ("broken", "bumpy", "other", "liked", "old") if f"Was it {name}<" in page} == found


def test_the_traces_of_a_person_and_of_a_conversation(console: Client, alice: User, bob: User) -> None:
    thread = uuid4()
    tell(question="Alice asked", user_id=alice.id, thread_id=thread)
    tell(question="Bob asked", user_id=bob.id)

    assert "Bob asked" not in page_of(console, person=alice.email.upper())
    assert "Bob asked" not in page_of(console, person=alice.id)
    assert "Alice asked" in page_of(console, thread=thread)
    assert "Bob asked" not in page_of(console, thread=thread)


def test_pages_go_on_where_the_last_one_ended(console: Client) -> None:
    now = timezone.now()
    asked = [f"Number {number:03d}" for number in range(95)]
    for number, question in enumerate(asked):
        tell(question=question, started_at=now - timedelta(seconds=number // 2))  # two at the same moment

    first = console.get(LIST)
    second = console.get(LIST, {"before": str(first.context["page"].older)})
    third = console.get(LIST, {"before": str(second.context["page"].older)})
    back = console.get(LIST, {"after": str(third.context["page"].newer)})

    seen = [trace.question for answer in (first, second, third) for trace in answer.context["page"].traces]
    assert sorted(seen) == asked
    assert len(seen) == len(set(seen))
    assert third.context["page"].older is None
    assert back.context["page"].traces == second.context["page"].traces


def test_a_page_asks_as_few_questions_for_forty_rows_as_for_one(
    console: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(60):
        tell(user_id=alice.id, question="A question of an ordinary length, which is about this long, or so.")

    # Who asks (2), what she may (2), the rows, their number (2), the people, the agents.
    with django_assert_num_queries(13):
        answer = console.get(LIST)

    assert len(answer.content) < 60_000


def test_what_a_person_asked_is_never_markup(console: Client) -> None:
    tell(question="<script>alert(1)</script>", agent="<b>agent</b>")

    page = page_of(console, q='"><script>alert(2)</script>')
    listed = page_of(console)

    assert "<script>alert" not in page + listed
    assert "<b>agent" not in listed
    assert "&lt;script&gt;alert(1)" in listed
