"""What every vector store must do, whoever keeps the vectors."""

from uuid import UUID, uuid4

import pytest

from memory import stores
from memory.stores import EVERYBODY, Collection, Near, Point, StoreError

pytestmark = pytest.mark.django_db

CHUNKS, MEMORIES = Collection.CHUNKS, Collection.MEMORIES
ALICE, BOB = 7, 8
SMALL = "small"  # an embedder


@pytest.fixture(params=["pgvector"])
def store(request: pytest.FixtureRequest) -> stores.VectorStore:
    return stores.named(request.param)


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
        store.put(MEMORIES, [Point(item, ALICE, [1.0, 0.0])], embedder="large")

        assert [items(found(store, ALICE)), items(found(store, ALICE, embedder="large", vector=[1.0, 0.0]))] == [
            [item],
            [item],
        ]
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
        store.put(MEMORIES, [Point(item, ALICE, [1.0, 0.0])], embedder="large")

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
