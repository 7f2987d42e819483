"""Who may see what in the console."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from observability.models import Span, Trace
from observability.recorder import record_spans, record_trace
from tests.cast import person
from tests.observability.told import a_span, a_trace

ClientOf = Callable[[User], Client]


def pages_of_a_trace() -> list[str]:
    told = a_trace(question="What did Alice ask?")
    span = a_span(told.id, output="What did Alice read?")
    record_trace(told)
    record_spans([span])
    trace = f"/admin/observability/trace/{told.id}"
    return ["/admin/observability/trace/", f"{trace}/change/", f"{trace}/span/{span.id}/"]


def test_an_operator_reads_every_page_of_a_trace(olga: User, client_of: ClientOf) -> None:
    for page in pages_of_a_trace():
        answer = client_of(olga).get(page)
        assert answer.status_code == 200
        assert "What did Alice" in answer.content.decode()


def test_a_person_who_is_not_of_the_staff_is_sent_to_log_in(alice: User, client_of: ClientOf) -> None:
    alice.groups.add(Group.objects.get(name="Operators"))

    for page in pages_of_a_trace():
        answer = client_of(alice).get(page)
        assert answer.status_code == 302
        assert "/admin/login/" in answer["Location"]


def test_a_stranger_who_is_not_logged_in_is_sent_to_log_in(rows: None) -> None:
    for page in pages_of_a_trace():
        assert Client().get(page).status_code == 302


def test_staff_without_the_permission_sees_no_trace(rows: None, client_of: ClientOf) -> None:
    raters = client_of(person("Rita", is_staff=True))

    for page in pages_of_a_trace():
        answer = raters.get(page)
        assert answer.status_code == 403
        assert b"What did Alice" not in answer.content
    overview = raters.get("/admin/")
    assert overview.status_code == 200
    assert b"What did Alice" not in overview.content


def test_an_operator_changes_nothing(olga: User, client_of: ClientOf) -> None:
    page = pages_of_a_trace()[1]
    console = client_of(olga)

    assert console.get(page.replace("change", "delete")).status_code == 403
    assert console.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert console.get("/admin/observability/trace/add/").status_code == 403
    console.post(page, {"question": "changed"})
    assert Trace.objects.get().question == "What did Alice ask?"


def test_an_administrator_deletes_a_trace_with_its_steps(dana: User, client_of: ClientOf) -> None:
    delete = pages_of_a_trace()[1].replace("change", "delete")

    console = client_of(dana)

    assert "with all its steps" in console.get(delete).content.decode()
    console.post(delete, {"post": "yes"})

    assert not Trace.objects.exists()
    assert not Span.objects.exists()


@pytest.mark.parametrize(
    "page",
    [
        "chat/conversation/", "chat/feedback/", "accounts/user/", "auth/group/",
        f"chat/conversation/{UUID(int=1)}/change/",
    ],
)  # fmt: skip
def test_an_operator_sees_no_list_nobody_gave_her(olga: User, client_of: ClientOf, page: str) -> None:
    assert client_of(olga).get(f"/admin/{page}").status_code == 403
