"""Procedures: proposed by evidence, decided by staff, found by what is asked, counted, retired when they fail."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from accounts.models import User
from memory.forget import delete, delete_all
from memory.mentions import forget_mentions
from memory.models import (
    Memory,
    MemoryPreference,
    Procedure,
    ProcedureOrigin,
    ProcedureScope,
    ProcedureStatus,
    ProcedureUse,
    UseOutcome,
)
from memory.own_procedures import delete_own, own_procedures
from memory.procedures import is_any, judge, keep_uses, relevant, retire_failing, uses_of
from memory.proposals import Evidence, ProcedureRefused, Proposal, decide, propose, revise, write
from memory.shares import Share
from tests.cast import person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_words")]
AGENT, OTHER_AGENT = 71, 72
STEPS = (("search_knowledge", "the terms of the hotel"), ("calculator", "what is paid back"))


def good(user: User | None, **fields: Any) -> Evidence:
    return Evidence(
        **{"run_id": uuid7(), "user_id": user.pk if user else None, "speaks_for": True, "is_rated": True} | fields
    )


def a_proposal(*evidence: Evidence, trigger: str = "refunds of hotel bookings", **fields: Any) -> Proposal:
    given = {"body": "Look up the terms, then work out the amount.", "steps": STEPS} | fields
    return Proposal(AGENT, trigger, origin=ProcedureOrigin.PATTERN, evidence=evidence, **given)


def in_use(*people: User, dana: User, **fields: Any) -> Procedure:
    """A procedure learned from these people's answers, and accepted."""
    procedure, _ = propose(a_proposal(*(good(one) for one in people), **fields))
    return decide(procedure, ProcedureStatus.ACTIVE, by=dana)


def told(query: str, *, user: User | None = None, agent_id: int = AGENT, **limits: int) -> list[str]:
    found = relevant(query, user_id=user.pk if user else None, agent_id=agent_id, count_tokens=_tokens, **limits)
    return [one.trigger for one in found]


def _tokens(text: str) -> int:
    return len(text) // 4


def used(procedure: Procedure, *outcomes: UseOutcome) -> None:
    """A run each that was told the procedure, and how it went."""
    for outcome in outcomes:
        run_id = uuid7()
        ProcedureUse.objects.create(procedure=procedure, run_id=run_id, rank=0, similarity=1)
        judge([run_id], outcome)
    procedure.refresh_from_db()


def test_a_proposal_is_not_in_use_until_somebody_accepts_it(alice: User, bob: User, dana: User) -> None:
    procedure, is_new = propose(a_proposal(good(alice), good(bob)))

    assert (is_new, procedure.status, procedure.support) == (True, ProcedureStatus.PROPOSED, 2)
    assert told("How do refunds of my hotel bookings work?", user=alice) == []

    decide(procedure, ProcedureStatus.ACTIVE, by=dana)

    assert told("How do refunds of my hotel bookings work?", user=alice) == ["refunds of hotel bookings"]


def test_what_is_proposed_again_is_evidence_and_nothing_new(alice: User, bob: User) -> None:
    first = a_proposal(good(alice), good(bob))
    procedure, _ = propose(first)

    again, is_new = propose(first)
    assert (again, is_new, again.support) == (procedure, False, 2)

    doubt = good(bob, speaks_for=False)
    more, _ = propose(a_proposal(good(alice), good(bob), doubt, trigger="refunds for bookings of a hotel"))
    assert more == procedure
    assert (more.support, more.doubts) == (4, 1)
    assert Procedure.objects.count() == 1


def test_another_kind_of_request_is_another_procedure(alice: User, bob: User) -> None:
    propose(a_proposal(good(alice), good(bob)))

    _, is_new = propose(a_proposal(good(alice), good(bob), trigger="shipping costs abroad"))

    assert is_new


def test_what_was_rejected_is_not_proposed_again(alice: User, bob: User, dana: User) -> None:
    procedure, _ = propose(a_proposal(good(alice), good(bob)))
    decide(procedure, ProcedureStatus.REJECTED, by=dana, reason="It is obvious.")

    again, is_new = propose(a_proposal(good(alice), good(bob)))

    assert (again, is_new, again.status) == (procedure, False, ProcedureStatus.REJECTED)


def test_what_one_person_taught_is_for_that_person(alice: User, bob: User, dana: User) -> None:
    procedure = in_use(alice, dana=dana)
    asked = "How do refunds of my hotel bookings work?"

    assert (procedure.scope, procedure.user) == (ProcedureScope.USER, alice)
    assert told(asked, user=alice) != []
    assert told(asked, user=bob) == []
    assert told(asked) == []
    assert not is_any(user_id=bob.pk, agent_id=AGENT)

    MemoryPreference.objects.create(user=alice, is_paused=True)
    assert told(asked, user=alice) == []


def test_a_procedure_is_for_its_agent_until_it_is_given_to_all(alice: User, bob: User, dana: User) -> None:
    procedure = in_use(alice, bob, dana=dana)
    asked = "Refunds of hotel bookings, please"
    assert told(asked, agent_id=OTHER_AGENT) == []

    revise(
        procedure, by=dana, trigger=procedure.trigger, body=procedure.body, steps=STEPS, scope=ProcedureScope.EVERYBODY
    )

    assert told(asked, agent_id=OTHER_AGENT) == ["refunds of hotel bookings"]


@pytest.mark.parametrize("asked", ["Hello", "Thank you!", "Book a table for me", "What is 2 + 2?", "", "refunds"])
def test_other_questions_are_told_nothing(alice: User, bob: User, dana: User, asked: str) -> None:
    in_use(alice, bob, dana=dana)

    assert told(asked, user=alice) == []


def test_no_more_is_told_than_fits(dana: User) -> None:
    for kind in ("short", "long", "late", "early", "dear"):
        write(by=dana, agent_id=AGENT, trigger=f"{kind} hotel bookings refunds", body="Do it. " * 20, steps=())
    asked = "Refunds of short, long, late, early and dear hotel bookings"

    assert len(told(asked)) == 3
    assert len(told(asked, most_tokens=100)) == 2
    assert told(asked, most_tokens=10) == []


def test_an_edit_is_a_new_version_whose_score_begins_anew(alice: User, bob: User, dana: User) -> None:
    first = in_use(alice, bob, dana=dana)
    used(first, UseOutcome.GOOD, UseOutcome.BAD)

    second = revise(first, by=dana, trigger="refunds of hotels", body="Ask for the booking first.", steps=STEPS[:1])

    first.refresh_from_db()
    assert (first.status, first.reason, first.body) == (
        ProcedureStatus.RETIRED, "Replaced by version 2.", "Look up the terms, then work out the amount.",
    )  # fmt: skip
    assert (second.version, second.parent, second.status) == (2, first, ProcedureStatus.ACTIVE)
    assert (second.support, second.judged, second.score) == (2, 0, None)
    assert second.signature == "search_knowledge"
    with pytest.raises(ProcedureRefused, match="Version 2 has taken its place"):
        decide(first, ProcedureStatus.ACTIVE, by=dana)
    with pytest.raises(ProcedureRefused, match="Nothing was changed"):
        revise(second, by=dana, trigger=second.trigger, body=second.body, steps=STEPS[:1])


def test_what_a_run_was_told_is_kept_once_and_in_order(alice: User, bob: User, dana: User) -> None:
    in_use(alice, bob, dana=dana)
    run_id = uuid7()
    found = relevant("refunds of hotel bookings", user_id=alice.pk, agent_id=AGENT, count_tokens=_tokens)

    keep_uses(found, run_id=run_id, user_id=alice.pk)
    keep_uses(found, run_id=run_id, user_id=alice.pk)

    assert uses_of([run_id]) == {run_id: found}
    assert found[0].text == (
        "For refunds of hotel bookings: Look up the terms, then work out the amount. "
        "Steps: 1. search_knowledge (the terms of the hotel) 2. calculator (what is paid back)"
    )


def test_a_thumb_is_counted_and_may_be_changed(alice: User, bob: User, dana: User) -> None:
    procedure = in_use(alice, bob, dana=dana)
    run_id = uuid7()
    ProcedureUse.objects.create(procedure=procedure, run_id=run_id, rank=0, similarity=1)

    for outcome, counts in ((UseOutcome.GOOD, (1, 0)), (UseOutcome.BAD, (0, 1)), (UseOutcome.UNKNOWN, (0, 0))):
        judge([run_id], outcome)
        procedure.refresh_from_db()
        assert (procedure.successes, procedure.failures) == counts
        assert procedure.times_used == 1


def test_a_procedure_that_fails_is_retired_with_the_reason(alice: User, bob: User, dana: User) -> None:
    failing = in_use(alice, bob, dana=dana)
    young = in_use(alice, bob, dana=dana, trigger="shipping costs abroad")
    used(failing, *[UseOutcome.BAD] * 6, *[UseOutcome.GOOD] * 5)
    used(young, *[UseOutcome.BAD] * 9)

    retired = retire_failing(lambda _: Share(0, 0))

    assert [(one.pk, one.status) for one in retired] == [(failing.pk, ProcedureStatus.RETIRED)]
    assert retired[0].reason == "6 of 11 rated answers that followed it did not go well."
    assert told("refunds of hotel bookings") == []


def test_a_procedure_is_retired_where_answers_go_better_without_it(alice: User, bob: User, dana: User) -> None:
    procedure = in_use(alice, bob, dana=dana)
    used(procedure, *[UseOutcome.GOOD] * 12, *[UseOutcome.BAD] * 4)

    assert retire_failing(lambda _: Share(85, 100)) == []
    assert retire_failing(lambda _: Share(9, 9)) == []
    retired = retire_failing(lambda _: Share(98, 100))

    assert retired[0].reason == "With it 75% of rated answers went well, without it 98%."


def test_who_decides_says_why_and_only_what_can_be(alice: User, bob: User, dana: User) -> None:
    procedure, _ = propose(a_proposal(good(alice), good(bob)))

    with pytest.raises(ProcedureRefused, match="Say why"):
        decide(procedure, ProcedureStatus.REJECTED, by=dana, reason="  ")
    with pytest.raises(ProcedureRefused, match="look again"):
        decide(procedure, ProcedureStatus.RETIRED, by=dana, reason="No.")

    accepted = decide(procedure, ProcedureStatus.ACTIVE, by=dana)
    assert accepted.decided_by == dana
    retired = decide(accepted, ProcedureStatus.RETIRED, by=dana, reason="The terms have changed.")
    assert decide(retired, ProcedureStatus.ACTIVE, by=dana).status == ProcedureStatus.ACTIVE


def test_deleting_a_memory_takes_its_mention_out_of_procedures(alice: User, bob: User, dana: User) -> None:
    body = "Mention the Bellevue, then work out the amount."
    theirs = in_use(alice, bob, dana=dana, body=body)
    others = in_use(bob, person("Carla"), dana=dana, body=body, trigger="shipping costs abroad", steps=())
    memory = Memory.objects.create(
        user=alice, text="Stays at the Bellevue.", value="Bellevue", quote="I stay at the Bellevue", content_hash="x"
    )

    delete(memory, by=alice)

    theirs.refresh_from_db()
    others.refresh_from_db()
    assert theirs.body == "Mention the …, then work out the amount."
    assert (theirs.status, theirs.reason[:22]) == (ProcedureStatus.SUSPENDED, "Something it mentioned")
    assert (others.body, others.status) == (body, ProcedureStatus.ACTIVE)
    assert told("refunds of hotel bookings") == []


def test_forgetting_what_nobody_mentions_changes_nothing(alice: User, bob: User, dana: User) -> None:
    procedure = in_use(alice, bob, dana=dana)

    assert forget_mentions(alice.pk, ["", "in", "Bell", "a hotel booking"]) == 0

    procedure.refresh_from_db()
    assert procedure.status == ProcedureStatus.ACTIVE


def test_what_was_learned_from_a_person_goes_with_that_person(alice: User, bob: User, dana: User) -> None:
    own = in_use(alice, dana=dana)
    shared, _ = propose(a_proposal(good(alice), good(bob), trigger="shipping costs abroad"))

    alice.delete()

    assert not Procedure.objects.filter(pk=own.pk).exists()
    assert shared.evidence.count() == 1


def test_forgetting_everything_takes_what_was_learned_from_that_person(alice: User, bob: User, dana: User) -> None:
    own = in_use(alice, dana=dana)
    bobs = in_use(bob, dana=dana)
    shared, _ = propose(a_proposal(good(alice), good(bob), trigger="shipping costs abroad"))

    delete_all(alice.pk, by=alice)

    assert set(Procedure.objects.all()) == {bobs, shared}
    assert not Procedure.objects.filter(pk=own.pk).exists()
    shared.refresh_from_db()
    assert shared.support == 1


def test_a_person_deletes_their_own_with_all_its_versions_and_nobody_elses(alice: User, bob: User, dana: User) -> None:
    first = in_use(alice, dana=dana)
    own = revise(first, by=dana, trigger="refunds", body="Do it so.", steps=())
    bobs = in_use(bob, dana=dana)
    assert own_procedures(alice.pk) == [own]

    assert not delete_own(alice.pk, bobs.pk)
    assert delete_own(alice.pk, own.pk)

    assert list(Procedure.objects.all()) == [bobs]


def test_shares_are_as_sure_as_their_number() -> None:
    assert Share(0, 0).at_least is None
    assert Share(6, 10).at_least == pytest.approx(0.3127, abs=0.001)
    assert Share(60, 100).at_least == pytest.approx(0.5020, abs=0.001)
    assert Share(10, 10).at_most == 1.0
