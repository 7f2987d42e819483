"""What bears on a question is found, within bounds; what does not, or is not theirs to know, is not."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from memory import embedding, forget, pausing
from memory.models import Memory, MemoryKind, MemoryStatus, Window
from memory.recall import Recalled, is_anything_known, overview, recall
from memory.remember import Candidate, remember
from memory.windows import Said, forget_windows_of_run, keep_windows

pytestmark = pytest.mark.django_db

AGENT = 7
UNRELATED = [
    "Who won the world cup in 1998?", "How do I boil an egg?", "Translate 'good morning' into Japanese.", "Hello!",
    "Write a haiku about the sea.", "What is 17 times 23?", "", "the", "and what about it?",
]  # fmt: skip


def known(user: Any, text: str, *, agent_id: int | None = None, **about: Any) -> Memory:
    (kept,) = remember([Candidate(text=text, said_at=timezone.now(), **about)], user_id=user.pk, agent_id=agent_id)
    assert kept.memory, kept.reason
    return kept.memory


def said(user: Any, *texts: str, days_ago: int = 0, thread_id: uuid.UUID | None = None) -> list[uuid.UUID]:
    """An exchange of an earlier conversation, message by message."""
    at = timezone.now() - timedelta(days=days_ago)
    speakers = [str(user), "Assistant"]
    messages = [Said(uuid.uuid4(), speakers[place % 2], text, at) for place, text in enumerate(texts)]
    keep_windows(messages, user_id=user.pk, agent_id=AGENT, thread_id=thread_id or uuid.uuid4(), run_id=uuid.uuid4())
    return [message.message_id for message in messages]


def found(user: Any, query: str, *, agent_id: int = AGENT, **limits: Any) -> list[Recalled]:
    limits = {"count_tokens": len, "most_tokens": 10_000} | limits
    return recall(query, user_id=user.pk, agent_id=agent_id, **limits)


def texts(user: Any, query: str, **limits: Any) -> list[str]:
    return [one.text for one in found(user, query, **limits)]


def test_what_is_known_and_what_was_said_are_found_by_their_words(by_words, alice):
    known(alice, "Has a sister called Mia who lives in Lisbon")
    said(alice, "The cellar of our house was flooded last spring.", "I am sorry to hear that.")

    assert texts(alice, "Where does my sister live?") == ["Has a sister called Mia who lives in Lisbon"]
    assert "cellar of our house was flooded" in texts(alice, "When was the cellar flooded?")[0]


def test_other_forms_of_a_word_find_it_and_a_rare_word_counts_more(by_words, alice):
    said(alice, "We were painting the garden fence.")
    for number in range(5):
        said(alice, f"The garden needs water on day {number}.")

    assert "painting" in texts(alice, "Who painted in the garden?")[0]


def test_a_memory_and_the_message_it_was_taken_from_are_one(by_words, alice):
    question, _ = said(alice, "My sister Mia moved to Lisbon.", "How nice!")
    memory = known(alice, "Sister Mia lives in Lisbon", message_id=question, quote="My sister Mia moved to Lisbon.")

    first = found(alice, "Where is my sister Mia?")[0]

    assert (first.memory_id, first.window_id) == (memory.pk, question)
    assert first.text == "Sister Mia lives in Lisbon"
    assert "My sister Mia moved to Lisbon." in first.source


def test_of_a_corrected_memory_the_words_it_was_taken_from_are_not_told(by_words, alice):
    question, _ = said(alice, "My sister Mia moved to Lisbon.", "How nice!")
    memory = known(alice, "Sister Mia lives in Lisbon", message_id=question, quote="My sister Mia moved to Lisbon.")
    forget.edit(memory, text="Sister Maja lives in Lisbon", by=alice)

    first = found(alice, "Where is my sister?")[0]

    assert (first.text, first.source) == ("Sister Maja lives in Lisbon", "")


def test_what_shares_no_word_is_found_by_its_meaning(endpoint, alice):
    known(alice, "Spends every holiday in Norway")
    embedding.embed_waiting()

    assert texts(alice, "holiday") == ["Spends every holiday in Norway"]
    assert Memory.objects.get().embedded_with
    endpoint.status = 500
    assert texts(alice, "Norway") == ["Spends every holiday in Norway"], "without the endpoint by words alone"


@pytest.mark.parametrize("query", UNRELATED)
def test_nothing_relevant_is_an_answer(by_words, alice, query):
    known(alice, "Has a sister called Mia who lives in Lisbon")
    said(alice, "The cellar of our house was flooded last spring.", "I am sorry to hear that.")

    assert texts(alice, query) == []


@pytest.mark.parametrize("query", UNRELATED)
def test_nothing_relevant_is_an_answer_by_meaning_too(alice, query):
    known(alice, "Has a sister called Mia who lives in Lisbon")
    known(alice, "Is allergic to peanuts")
    embedding.embed_waiting()

    assert texts(alice, query) == []


@pytest.mark.parametrize("query", ["'", "a' | !! <-> (", "\\", "\0sister", ":* & |", "x" * 5000, "日本語", "%s %(x)s"])
def test_whatever_is_asked_is_a_search_and_not_an_error(by_words, alice, query):
    known(alice, "Has a sister called Mia")

    found(alice, query)


# Whose, and for whom

WORDS = ["sister", "cellar", "garden", "salary"]


@examples(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.lists(st.sampled_from([*WORDS, "secret", "where is"]), min_size=1, max_size=4).map(" ".join))
def test_nobody_is_ever_given_what_is_anothers(by_words, alice, bob, charlie, query):
    if not Memory.objects.exists():
        for person in (alice, bob):
            for word in WORDS:
                known(person, f"The secret {word} of {person}")
                said(person, f"My secret {word} is that of {person}.")

    for person in (alice, bob, charlie):
        others = {"Alice", "Bob"} - {str(person)}
        assert not any(name in text for text in texts(person, query) for name in others)
    assert texts(charlie, query) == []


def test_what_one_agent_may_know_another_is_not_told(by_words, alice):
    known(alice, "Has a sister called Mia", agent_id=AGENT)

    assert texts(alice, "sister") == ["Has a sister called Mia"]
    assert texts(alice, "sister", agent_id=8) == []
    assert overview(user_id=alice.pk, agent_id=8) == []


def test_the_conversation_at_hand_is_not_looked_through(by_words, alice):
    thread = uuid.uuid4()
    said(alice, "My sister lives in Lisbon.", thread_id=thread)

    assert texts(alice, "sister", besides_thread=thread) == []
    assert not is_anything_known(alice.pk, besides_thread=thread)
    assert is_anything_known(alice.pk, besides_thread=uuid.uuid4())


@pytest.mark.parametrize(
    "change",
    [
        {"status": MemoryStatus.SUPERSEDED},
        {"status": MemoryStatus.ARCHIVED},
        {"expires_at": timezone.now() - timedelta(days=1)},
    ],
)
def test_what_holds_no_more_is_not_recalled_even_if_it_is_pinned(by_words, alice, change):
    known(alice, "Has a sister called Mia")
    Memory.objects.update(is_pinned=True, **change)

    assert texts(alice, "sister") == []


def test_for_who_paused_nothing_is_known_and_nothing_said_is_kept(by_words, alice):
    known(alice, "Has a sister called Mia")
    pausing.pause(alice.pk)
    said(alice, "My brother lives in Oslo.")

    assert not Window.objects.exists()
    assert not is_anything_known(alice.pk, besides_thread=uuid.uuid4())


# Within bounds


def test_preferences_and_what_is_pinned_are_always_there_within_their_bound(by_words, alice):
    known(alice, "Likes short answers", kind=MemoryKind.PREFERENCE)
    forget.pin(known(alice, "Is allergic to peanuts"), is_pinned=True, by=alice)
    known(alice, "x" * 290, kind=MemoryKind.PREFERENCE, importance=1)

    assert texts(alice, "What is 17 times 23?") == ["Is allergic to peanuts", "Likes short answers"]


def test_no_more_than_fits_the_best_first(by_words, alice):
    for number in range(30):
        known(alice, f"Sister number {number} {'is called Mia and ' * (number % 3)}lives in town {number}")

    assert len(found(alice, "sister", limit=5)) == 5
    kept = found(alice, "sister called Mia", most_tokens=200)
    assert kept
    assert sum(len(f"{one.text} {one.source}") for one in kept) <= 200
    assert [one.score for one in kept] == sorted((one.score for one in kept), reverse=True)
    assert found(alice, "sister", most_tokens=0) == []


def test_what_says_the_same_twice_is_told_once(by_words, alice):
    said(alice, "My sister Mia lives in Lisbon.")
    said(alice, "My sister Mia lives in Lisbon!")

    assert len(texts(alice, "Where does my sister live?")) == 1


def test_of_two_that_fit_alike_the_later_comes_first(by_words, alice):
    said(alice, "My office is in the Elm Street.", days_ago=700)
    said(alice, "My office is in the Oak Street.", days_ago=1)

    first, second = found(alice, "Where is my office?")

    assert "Oak" in first.text
    assert first.parts["recency"] > 1 > second.parts["recency"]


def test_without_a_question_it_is_what_matters_most(by_words, alice, bob):
    known(alice, "Likes tea", importance=2)
    known(alice, "Is allergic to peanuts", importance=5)
    known(bob, "Is allergic to cats", importance=5)

    assert [one.text for one in overview(user_id=alice.pk, agent_id=AGENT)] == ["Is allergic to peanuts", "Likes tea"]


# Keeping what was said


def test_a_message_is_kept_once_however_often_it_is_told(by_words, alice):
    messages = [Said(uuid.uuid4(), "Alice", "My sister lives in Lisbon.", timezone.now())]
    for _ in range(2):
        keep_windows(messages, user_id=alice.pk, agent_id=AGENT, thread_id=uuid.uuid4(), run_id=uuid.uuid4())

    assert Window.objects.count() == 1


def test_a_message_is_kept_with_its_date_and_what_came_before_it(by_words, alice):
    said(alice, "Where is Mia?", "In Lisbon.")

    answer = Window.objects.get(text__contains="Lisbon")

    assert answer.text.splitlines() == [
        f"({timezone.now():%-d %B %Y})", "Alice: Where is Mia?", "Assistant: In Lisbon.",
    ]  # fmt: skip


def test_what_another_run_replaced_is_found_no_more(by_words, alice):
    said(alice, "My sister lives in Lisbon.")

    forget_windows_of_run(Window.objects.get().run_id)

    assert texts(alice, "sister") == []
