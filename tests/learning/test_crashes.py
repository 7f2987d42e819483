"""A reader may be killed anywhere, and two may read at once: nothing is lost, nothing is there twice."""

import threading

import pytest
from django.db import connection
from django.db.models.functions import Now

from agents.learning.job import learn_waiting
from agents.models import DailyUsage, Reading
from memory.models import Memory, MemoryEvent
from observability.models import Trace
from tests.learning.talking import conversation, note, notes, say
from tests.llm import Script

ROME = note(1, "I live in Rome", "Lives in Rome", key="home", value="Rome")


@pytest.mark.parametrize("point", ["learning_after_claim", "learning_before_commit", "learning_after_commit"])
def test_a_reader_killed_anywhere_has_lost_nothing_and_kept_nothing_twice(point, live_stack, llm, alice):
    llm.otherwise = lambda request: Script(text=notes(ROME), input_tokens=100, output_tokens=10)
    talk = conversation(alice, "I live in Rome.")

    doomed = live_stack.fork("reader", "tests.learning.talking:read_once", [], fault=point)
    doomed.may_end = True
    live_stack.until(lambda: not doomed.is_running, f"the reader dies {point}")
    Reading.objects.filter(thread=talk).update(lease_expires_at=Now())
    learn_waiting()

    memory = Memory.objects.of(alice.pk).get()
    assert (memory.text, memory.times_said) == ("Lives in Rome", 1)
    assert MemoryEvent.objects.filter(user=alice).count() == 1
    assert DailyUsage.objects.get(user=alice).tokens == 110
    assert Trace.objects.filter(thread_id=talk.pk, agent="memory").count() == 1
    say(talk, "I live in Rome.")
    learn_waiting()
    assert Memory.objects.of(alice.pk).get().times_said == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_read_each_conversation_once(alice, bob, settings):
    settings.MEMORY_EXTRACTION, settings.EMBEDDING_MODEL = "rules", "none"
    said = ("My name is X.", "I live in Rome.", "I work at Acme.")
    talks = [conversation(user, *said) for user in (alice, bob) for _ in range(6)]

    in_turns([read_until_nothing_is_left] * 2)

    for user in (alice, bob):
        memories = Memory.objects.of(user.pk)
        assert sorted(memories.values_list("text", "times_said")) == [
            ("Is called X", 6), ("Lives in Rome", 6), ("Works at Acme", 6),
        ]  # fmt: skip
        assert MemoryEvent.objects.filter(user=user).count() == 18
    assert Reading.objects.filter(next_position=3).count() == len(talks)


def read_until_nothing_is_left() -> None:
    """As a second process would: without the lock that keeps one process to one round."""
    from agents.learning import job, places

    places.notice()
    while place := places.claim():
        job._learn(place)


def in_turns(workers: list) -> None:
    def working(worker):
        try:
            worker()
        finally:
            connection.close()

    threads = [threading.Thread(target=working, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
