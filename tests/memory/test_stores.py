"""What every vector store must do, whoever keeps the vectors."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from memory import stores
from memory.stores import EVERYBODY, Collection, Near, Point, StoreError

pytestmark = pytest.mark.django_db

CHUNKS, MEMORIES = Collection.CHUNKS, Collection.MEMORIES
ALICE, BOB = 7, 8
SMALL = "small"  # an embedder


# The stores themselves, where REAL_… names one that tests may empty; an index of Pinecone has 4 dimensions then.
REAL = [f"real {name}" for name in ("pinecone", "weaviate") if f"REAL_{name.upper()}_API_KEY" in os.environ]


@pytest.fixture(params=["pgvector", "pinecone", "weaviate", *REAL])
def store(request: pytest.FixtureRequest, settings: Any) -> stores.VectorStore:
    """Each of the stores; those outside as local servers that speak their protocol, and the real ones on request."""
    kind, _, name = request.param.rpartition(" ")
    if not kind:
        if name != "pgvector":
            request.getfixturevalue(name)
        return stores.named(name)
    for setting in ("PINECONE_HOST", "PINECONE_API_KEY", "WEAVIATE_URL", "WEAVIATE_GRPC_URL", "WEAVIATE_API_KEY"):
        setattr(settings, setting, os.environ.get(f"REAL_{setting}", ""))
    emptied = stores.named(name)
    emptied.wipe(MEMORIES)
    return Patient(emptied)


class Patient:
    """A store outside, whose deeds show a moment later: each is waited for."""

    def __init__(self, store: stores.VectorStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(self, collection: Collection, points: Sequence[Point], *, embedder: str) -> None:
        self._store.put(collection, points, embedder=embedder)
        wanted = {point.item for point in points}
        while wanted and set(self._store.get(collection, wanted, embedder=embedder)) != wanted:
            time.sleep(0.5)

    def delete(self, collection: Collection, items: Sequence[UUID]) -> None:
        self._store.delete(collection, items)
        while items and self._store.get(collection, items, embedder=SMALL):
            time.sleep(0.5)


def toward(*numbers: float) -> list[float]:
    return [*numbers, *([0.0] * (4 - len(numbers)))]


def kept(store: stores.VectorStore, vector: list[float], *, owner: int = ALICE, embedder: str = SMALL) -> UUID:
    item = uuid4()
    store.put(MEMORIES, [Point(item, owner, vector)], embedder=embedder)
    return item


def found(store: stores.VectorStore, *owners: int, embedder: str = SMALL, **options) -> list[Near]:
    asked = {"limit": 10, "vector": toward(1), **options}
    return store.nearest(MEMORIES, asked.pop("vector"), embedder=embedder, owners=owners, **asked)


def items(near: list[Near]) -> list[UUID]:
    return [each.item for each in near]


class TestEveryStore:
    def test_the_nearest_comes_first_with_its_cosine(self, store):
        far, near, middle = kept(store, toward(0, 1)), kept(store, toward(2, 0)), kept(store, toward(1, 1))

        best = found(store, ALICE)

        assert items(best) == [near, middle, far]
        assert [each.similarity for each in best] == pytest.approx([1, 0.7071, 0], abs=0.002)

    def test_nobody_finds_what_is_somebody_elses(self, store):
        mine, _ = kept(store, toward(1)), kept(store, toward(1), owner=BOB)
        shared = kept(store, toward(1, 1), owner=EVERYBODY)

        assert items(found(store, ALICE)) == [mine]
        assert items(found(store, ALICE, EVERYBODY)) == [mine, shared]
        assert found(store, 9) == found(store) == []

    def test_no_more_than_asked_for(self, store):
        for _ in range(5):
            kept(store, toward(1))

        assert len(found(store, ALICE, limit=3)) == 3
        assert found(store, ALICE, limit=0) == []

    def test_only_among_those_that_are_named(self, store):
        first, second, _ = (kept(store, toward(1, number)) for number in range(3))
        of_bob = kept(store, toward(1), owner=BOB)

        assert items(found(store, ALICE, among={first, second, of_bob, uuid4()})) == [first, second]
        assert found(store, ALICE, among=[]) == []

    def test_the_same_item_again_takes_its_own_place(self, store):
        item = kept(store, toward(0, 1))

        store.put(MEMORIES, [Point(item, BOB, toward(1))], embedder=SMALL)

        assert store.count(MEMORIES, embedder=SMALL) == 1
        assert found(store, ALICE) == []
        assert items(found(store, BOB)) == [item]

    def test_vectors_of_two_embedders_are_never_mixed(self, store):
        item = kept(store, toward(1))
        store.put(MEMORIES, [Point(item, ALICE, toward(0, 1))], embedder="large")

        assert [each.similarity for each in found(store, ALICE)] == pytest.approx([1], abs=0.001)
        assert [each.similarity for each in found(store, ALICE, embedder="large")] == pytest.approx([0], abs=0.001)
        assert (store.count(MEMORIES, embedder=SMALL), store.count(MEMORIES, embedder="large")) == (1, 1)
        assert found(store, ALICE, embedder="unheard of") == []

    def test_collections_are_apart(self, store):
        item = kept(store, toward(1))

        assert store.nearest(CHUNKS, toward(1), embedder=SMALL, owners=[ALICE], limit=5) == []
        store.delete(CHUNKS, [item])
        assert items(found(store, ALICE)) == [item]

    def test_what_is_kept_can_be_had_back(self, store):
        item = kept(store, toward(0.5, 0.25))

        got = store.get(MEMORIES, [item, uuid4()], embedder=SMALL)

        assert list(got) == [item]
        assert got[item] == pytest.approx(toward(0.5, 0.25))

    def test_a_deletion_is_for_every_embedder_and_may_be_said_twice(self, store):
        item, other = kept(store, toward(1)), kept(store, toward(1))
        store.put(MEMORIES, [Point(item, ALICE, toward(0, 1))], embedder="large")

        for _ in range(2):
            store.delete(MEMORIES, [item, uuid4()])

        assert items(found(store, ALICE)) == [other]
        assert store.count(MEMORIES, embedder="large") == 0

    def test_many_are_put_and_deleted_in_one_go(self, store):
        many = [Point(uuid4(), ALICE, toward(1, number)) for number in range(1_200)]
        store.put(MEMORIES, many, embedder=SMALL)
        assert store.count(MEMORIES, embedder=SMALL) == 1_200

        store.delete(MEMORIES, [point.item for point in many[1:]])

        assert items(found(store, ALICE)) == [many[0].item]
        store.put(MEMORIES, [], embedder=SMALL)
        store.delete(MEMORIES, [])

    def test_wiping_takes_one_embedders_vectors_or_all(self, store):
        kept(store, toward(1))
        kept(store, toward(1), embedder="large")

        store.wipe(MEMORIES, embedder=SMALL)
        assert (store.count(MEMORIES, embedder=SMALL), store.count(MEMORIES, embedder="large")) == (0, 1)

        store.wipe(MEMORIES)
        assert store.count(MEMORIES, embedder="large") == 0

    def test_a_vector_of_another_length_is_refused_in_words(self, store):
        kept(store, toward(1))

        with pytest.raises(StoreError, match="3 numbers"):
            kept(store, [1.0, 0.0, 0.0])
        with pytest.raises(StoreError, match="3 numbers"):
            found(store, ALICE, vector=[1.0, 0.0, 0.0])

    def test_a_vector_that_points_nowhere_is_refused(self, store):
        with pytest.raises(StoreError, match="zeros"):
            kept(store, toward(0))


def test_a_vector_too_long_for_the_index_is_refused_with_what_to_do():
    with pytest.raises(StoreError, match="1,536 numbers.*EMBEDDING_DIMENSIONS"):
        kept(stores.named("pgvector"), [1.0] * 1_536)


def test_the_longest_vector_fits():
    item = kept(stores.named("pgvector"), [1.0] * 1_300)

    assert items(found(stores.named("pgvector"), ALICE, vector=[1.0] * 1_300)) == [item]


def test_a_store_nobody_knows_is_refused_in_words(settings):
    settings.VECTOR_STORE = "shoebox"

    with pytest.raises(StoreError, match="'shoebox'; Plumbline knows pgvector, pinecone and weaviate"):
        stores.current()


# Stores outside: what they refuse, and when they are away

OUTSIDE = pytest.mark.parametrize("outside", ["pinecone", "weaviate"])


@OUTSIDE
def test_a_wrong_key_is_told_as_such(outside, request, settings):
    request.getfixturevalue(outside)
    settings.PINECONE_API_KEY = settings.WEAVIATE_API_KEY = "another"

    with pytest.raises(StoreError, match="refuses the key: check .*_API_KEY"):
        kept(stores.named(outside), toward(1))


@OUTSIDE
def test_a_store_that_is_away_is_told_as_such_and_used_again_once_it_is_back(outside, request):
    server = request.getfixturevalue(outside)
    store = stores.named(outside)
    item = kept(store, toward(1))

    server.failures = [503] * 20
    with pytest.raises(StoreError, match="could not do it"):
        found(store, ALICE)

    server.failures = []
    assert items(found(store, ALICE)) == [item]


@OUTSIDE
def test_a_store_that_does_not_answer_is_told_as_such(outside, request):
    server = request.getfixturevalue(outside)
    store = stores.named(outside)
    kept(store, toward(1))

    server.stop()

    with pytest.raises(StoreError, match="does not answer"):
        found(store, ALICE)


def test_a_hiccup_of_pinecone_is_tried_again(pinecone):
    store = stores.named("pinecone")
    pinecone.failures = [503]

    item = kept(store, toward(1))

    assert items(found(store, ALICE)) == [item]


@pytest.mark.parametrize(("name", "lacks"), [("pinecone", "PINECONE_HOST"), ("weaviate", "WEAVIATE_URL")])
def test_a_store_outside_needs_its_address(name, lacks, settings):
    settings.PINECONE_HOST = settings.WEAVIATE_URL = ""

    with pytest.raises(StoreError, match=f"needs {lacks}"):
        stores.named(name)


def test_a_client_that_is_not_installed_is_told_with_how_to_install_it():
    start = "import sys; sys.modules['pinecone'] = None; import django; django.setup(); "
    ask = (
        "from memory import stores; settings.PINECONE_HOST = settings.PINECONE_API_KEY = 'x'; stores.named('pinecone')"
    )
    code = f"{start}from django.conf import settings; {ask}"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "Pinecone needs its client: .venv/bin/pip install -r requirements-stores.txt" in told.stderr
