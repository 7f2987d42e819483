"""Procedures in the console: who may look, who may decide, what is kept of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from uuid_utils.compat import uuid7

from accounts.models import User
from agents.models import Agent, Reflection
from memory.models import Procedure, ProcedureOrigin, ProcedureScope, ProcedureStatus, ProcedureUse, UseOutcome
from memory.procedures import judge
from memory.proposals import Evidence, Proposal, propose
from tests.agents.reflecting.log import an_answer
from tests.cast import person

ClientOf = Callable[[User], Client]
LIST = "/admin/memory/procedure/"
EDITED = {
    "deed": "revise",
    "trigger": "refunds of hotels",
    "body": "Ask for the booking first.",
    "steps": "search_knowledge: the terms\ncalculator",
    "scope": "agent",
}


@pytest.fixture(autouse=True)
def by_words(settings: Any) -> None:
    settings.EMBEDDING_MODEL = "none"


@pytest.fixture
def proposed(alice: User, bob: User) -> Procedure:
    agent = Agent.objects.get(slug="assistant")
    asked = [
        an_answer(agent, alice, "What is refunded?", thumb=True, comment="Just right."),
        an_answer(agent, bob, "Refund of my hotel?", thumb=False),
    ]
    evidence = tuple(Evidence(run.pk, run.user_id, speaks_for=True, is_rated=True) for run in asked)
    steps = (("search_knowledge", "the terms"),)
    proposal = Proposal(
        agent.pk, "refunds of hotel bookings", "Look up the terms.", ProcedureOrigin.REFLECTION, evidence, steps
    )
    return propose(proposal)[0]


def page_of(procedure: Procedure) -> str:
    return f"{LIST}{procedure.pk}/change/"


def said_in_the_log() -> list[str]:
    return list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True))


def test_an_operator_sees_what_is_proposed_with_the_answers_behind_it(console: Client, proposed: Procedure) -> None:
    listed = console.get(LIST).content.decode()
    page = console.get(page_of(proposed)).content.decode()

    assert "Refunds of hotel bookings" in listed
    assert 'data-number="Procedures">1</span>' in listed
    for said in ("Look up the terms.", "search_knowledge", "What is refunded?", "Just right.", "Thumb down"):
        assert said in page
    for proof in proposed.evidence.all():
        assert f"/admin/observability/trace/{proof.run_id}/change/" in page


def test_accepting_takes_it_into_use_and_is_in_the_log(console: Client, olga: User, proposed: Procedure) -> None:
    answer = console.post(page_of(proposed), {"deed": "accept"}, follow=True)

    proposed.refresh_from_db()
    assert (proposed.status, proposed.decided_by) == (ProcedureStatus.ACTIVE, olga)
    assert "In use since" in answer.content.decode()
    assert said_in_the_log() == ["Accepted."]
    assert "Refunds of hotel bookings" in console.get(f"{LIST}?show=used").content.decode()


def test_edited_it_is_a_new_version(console: Client, proposed: Procedure) -> None:
    page = console.post(page_of(proposed), EDITED | {"scope": "everybody"}, follow=True).content.decode()

    made = Procedure.objects.get(parent=proposed)
    assert (made.status, made.version, made.scope) == (ProcedureStatus.ACTIVE, 2, ProcedureScope.EVERYBODY)
    assert made.steps == [{"tool": "search_knowledge", "purpose": "the terms"}, {"tool": "calculator", "purpose": ""}]
    assert "the one before" in page
    assert said_in_the_log() == ["Edited and taken into use as version 2"]
    before = console.get(page_of(proposed)).content.decode()
    assert "Version 2 has taken its place" in before
    assert 'name="deed"' not in before
    assert console.post(page_of(proposed), {"deed": "accept"}).status_code == 409


def test_rejecting_and_retiring_need_a_reason(console: Client, proposed: Procedure) -> None:
    refused = console.post(page_of(proposed), {"deed": "reject", "reason": " "})
    assert refused.status_code == 409
    assert "Say why" in refused.content.decode()

    console.post(page_of(proposed), {"deed": "reject", "reason": "Everybody knows that."})
    proposed.refresh_from_db()
    assert (proposed.status, proposed.reason) == (ProcedureStatus.REJECTED, "Everybody knows that.")

    console.post(page_of(proposed), {"deed": "accept"})
    console.post(page_of(proposed), {"deed": "retire", "reason": "The terms have changed."})
    proposed.refresh_from_db()
    assert proposed.status == ProcedureStatus.RETIRED
    console.post(page_of(proposed), {"deed": "accept"})
    proposed.refresh_from_db()
    assert proposed.status == ProcedureStatus.ACTIVE
    assert said_in_the_log()[:3] == ["Rejected. Everybody knows that.", "Accepted.", "Retired. The terms have changed."]


@pytest.mark.parametrize("given", [{"deed": "celebrate"}, {}, EDITED | {"trigger": " "}, EDITED | {"body": "x" * 801}])
def test_what_cannot_be_done_is_said_and_changes_nothing(
    console: Client, proposed: Procedure, given: dict[str, str]
) -> None:
    answer = console.post(page_of(proposed), given)

    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
    assert Procedure.objects.get().status == ProcedureStatus.PROPOSED
    assert not LogEntry.objects.exists()


def test_what_one_person_taught_stays_with_that_person_or_is_widened(console: Client, alice: User) -> None:
    agent = Agent.objects.get(slug="assistant")
    run = an_answer(agent, alice, "Refund?")
    evidence = (Evidence(run.pk, alice.pk, speaks_for=True, is_rated=False),)
    own, _ = propose(Proposal(agent.pk, "refunds of hotels", "Look it up.", ProcedureOrigin.PATTERN, evidence))

    page = console.get(page_of(own)).content.decode()
    assert f"{agent.name}, for {alice} alone" in page
    console.post(page_of(own), EDITED | {"scope": "user"})
    made = Procedure.objects.get(parent=own)
    assert (made.scope, made.user) == (ProcedureScope.USER, alice)

    console.post(page_of(made), EDITED | {"scope": "agent"})
    assert Procedure.objects.get(parent=made).user is None


def test_its_uses_and_its_score_over_time_are_shown(console: Client, proposed: Procedure) -> None:
    console.post(page_of(proposed), {"deed": "accept"})
    for outcome in (UseOutcome.GOOD, UseOutcome.GOOD, UseOutcome.BAD):
        use = ProcedureUse.objects.create(procedure=proposed, run_id=uuid7(), rank=0, similarity=1)
        judge([use.run_id], outcome)

    page = console.get(page_of(proposed)).content.decode()

    assert "How its uses went" in page
    assert "2 well, 1 badly" in page
    assert "0.21" in page


def test_writing_one_by_hand(console: Client) -> None:
    assert console.get(f"{LIST}write/").status_code == 200
    given = {"agent": "", "trigger": "complaints", "body": "Say sorry, then ask what happened.", "steps": ""}

    assert console.post(f"{LIST}write/", given | {"agent": "99999"}).status_code == 409
    console.post(f"{LIST}write/", given)

    made = Procedure.objects.get()
    assert (made.scope, made.status, made.origin) == ("everybody", ProcedureStatus.ACTIVE, ProcedureOrigin.WRITTEN)
    assert said_in_the_log() == ["Written by hand"]


def test_reflect_now_asks_a_worker(console: Client) -> None:
    agent = Agent.objects.get(slug="assistant")

    answer = console.post(f"{LIST}reflect/", {"agent": agent.pk}, follow=True)

    assert "A worker looks at the answers" in answer.content.decode()
    assert console.post(f"{LIST}reflect/", {"agent": "none"}).status_code == 404
    assert console.get(f"{LIST}reflect/").status_code == 403


def test_the_latest_looks_are_shown(console: Client) -> None:
    agent = Agent.objects.get(slug="assistant")
    Reflection.objects.create(agent=agent, status="done", proposed=2, reinforced=1, tokens=900, note="All is well.")

    page = console.get(LIST).content.decode()

    assert "2 proposed, 1 confirmed" in page
    assert "All is well." in page


def test_raters_and_strangers_see_nothing(proposed: Procedure, client_of: ClientOf, alice: User) -> None:
    rita = client_of(person("Rita", is_staff=True))
    for page in (LIST, page_of(proposed), f"{LIST}write/"):
        assert rita.get(page).status_code == 403
        assert client_of(alice).get(page).status_code == 302
        assert Client().get(page).status_code == 302
    assert rita.post(page_of(proposed), {"deed": "accept"}).status_code == 403
    assert rita.post(f"{LIST}reflect/", {"agent": "1"}).status_code == 403
    assert Procedure.objects.get().status == ProcedureStatus.PROPOSED


def test_who_may_only_look_decides_nothing_and_reads_no_answers(proposed: Procedure, client_of: ClientOf) -> None:
    vera = person("Vera", is_staff=True)
    vera.user_permissions.add(Permission.objects.get(codename="view_procedure"))
    console = client_of(vera)

    page = console.get(page_of(proposed)).content.decode()

    assert "Look up the terms." in page
    assert "What is refunded?" not in page and "Just right." not in page
    assert 'name="deed"' not in page
    assert console.post(page_of(proposed), {"deed": "accept"}).status_code == 403
    assert console.get(f"{LIST}write/").status_code == 403
    assert "Reflect now" not in console.get(LIST).content.decode()
