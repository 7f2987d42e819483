"""What kept earlier builds of this stack from carrying its load."""

from django.conf import settings
from django.db import connection
from redis import Redis


def test_no_connection_is_held_while_the_llm_is_awaited(socket_of, llm, alice):
    most = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    replies = [llm.reply("one two", pause_after=1) for _ in range(2 * most)]
    socket = socket_of(alice)
    runs = [socket.ask(f"Question {number}")["runId"] for number, _ in enumerate(replies)]

    for reply in replies:
        reply.held.wait(30)  # all of them at once, twice as many as a process has connections
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in trans%'"
        )
        (in_transaction,) = cursor.fetchone()
    llm.release()

    assert in_transaction == 0
    for run in runs:
        socket.end(run)
        assert socket.view.run(run).answer == "one two"


def test_words_that_come_quickly_share_their_writes_and_their_frames(socket_of, llm, alice):
    llm.reply(deltas=("word ",) * 300, delay=0.003)
    redis = Redis.from_url(settings.REDIS_URL)
    socket = socket_of(alice)
    written = redis.info("commandstats").get("cmdstat_xadd", {}).get("calls", 0)

    run = socket.ask("Say it three hundred times")["runId"]
    socket.end(run)

    assert redis.info("commandstats")["cmdstat_xadd"]["calls"] - written < 100
    contents = [event for event in socket.events if event["type"] == "TEXT_MESSAGE_CONTENT"]
    assert len(contents) < 100
    assert socket.view.run(run).answer == "word " * 300


def test_the_first_word_does_not_wait_for_others(socket_of, llm, alice):
    reply = llm.reply("one two", pause_after=1)
    socket = socket_of(alice)

    run = socket.ask("Count")["runId"]
    socket.until_answer(run, "one")

    assert not reply.answered.is_set
    reply.release()
    socket.end(run)


def test_live_words_still_come_after_the_last_socket_had_left(socket_of, llm, alice):
    for _ in range(2):
        reply = llm.reply("one two", pause_after=1)
        socket = socket_of(alice)
        run = socket.ask("Count")["runId"]
        socket.until_answer(run, "one")
        reply.release()
        socket.end(run)
        socket.close()
