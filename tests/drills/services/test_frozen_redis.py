"""A Redis that neither answers nor refuses: nobody who sends waits for it, and nothing that was sent is lost."""

import time

from tests.drills.services.faults import frozen_redis
from tests.fold import View

PATIENCE = 7.0  # seconds; what a person is promised


def test_who_sends_does_not_wait_for_a_frozen_redis_and_is_answered_when_it_is_back(
    live_stack, socket_of, llm, alice, bob
):
    for words in ("Before.", "After.", "After."):
        llm.reply(words)
    old = socket_of(alice)
    thread = old.ask("Hello")["threadId"]
    old.until("RUN_FINISHED")

    with frozen_redis(live_stack):
        begun = time.monotonic()
        again = old.ask("On the old connection", threadId=thread)["runId"]
        seconds_old = time.monotonic() - begun
        begun = time.monotonic()
        fresh = socket_of(bob)
        first = fresh.ask("On a fresh connection")
        seconds_fresh = time.monotonic() - begun
        begun = time.monotonic()
        page = live_stack.page_data(thread, alice)
        seconds_page = time.monotonic() - begun

    old.end(again)
    fresh.end(first["runId"])
    assert max(seconds_old, seconds_fresh, seconds_page) < PATIENCE
    assert [run.question for run in View(page["events"]).runs] == ["Hello", "On the old connection"]
    assert old.view.run(again).answer == fresh.view.run(first["runId"]).answer == "After."
    assert View(live_stack.page_data(thread, alice)["events"]).lasting == old.view.lasting
