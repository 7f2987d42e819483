"""How long one person's nearest memories take among a million vectors: `python -m bench.memory_scale`.

The vectors go into the real table, and are searched for by the product's own store. Beside it, in the same session, the
same rows in a table with a plain index on their owner. Every answer is compared with brute force.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # or its threads spin on while the database works

import numpy as np  # noqa: E402

PEOPLE, VECTORS, DIMENSIONS = 10_000, 1_000_000, 384
MEDIAN, P99, LARGEST = 48, 766, 25_149  # rows of a person
TOPICS, TOPICS_OF_A_PERSON, NOISE = 1_000, 24, 1.0
LOT = 20_000
FOUND = 10
BANDS = {
    "20 to 200": (20, 200),
    "500 to 2,000": (500, 2_000),
    "the largest": (LARGEST, LARGEST),
    "anybody": (1, LARGEST),
}
ASKED = 300  # people of a band, each once
EMBEDDER = "bench"
PLAIN = "bench_plain"


@dataclass(frozen=True)
class Line:
    """What one band of people waited for, by one layout."""

    layout: str
    band: str
    searches: int
    p50_ms: float
    p95_ms: float
    recall: float


class Crowd:
    """Everybody's vectors, in the order in which they came: of all people mixed."""

    def __init__(self, people: int, vectors: int, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.owners = self._owners(people, vectors)
        self.topics = self._unit(self.random.standard_normal((TOPICS, DIMENSIONS), dtype=np.float32))
        self.vectors = np.empty((len(self.owners), DIMENSIONS), dtype=">f2")
        for at in range(0, len(self.owners), LOT):
            self.vectors[at : at + LOT] = self.near_topics_of(self.owners[at : at + LOT])
        order = np.argsort(self.owners, kind="stable")
        starts = np.searchsorted(self.owners[order], np.arange(1, people + 2))
        self.rows_of = {owner: order[starts[owner - 1] : starts[owner]] for owner in range(1, people + 1)}

    def near_topics_of(self, owners: np.ndarray) -> np.ndarray:
        """A vector for each: one of the owner's topics, with much noise."""
        picked = self.random.integers(0, TOPICS_OF_A_PERSON, len(owners))
        topics = self.topics[(owners * 7_919 + picked * 104_729) % TOPICS]
        noise = self._unit(self.random.standard_normal((len(owners), DIMENSIONS), dtype=np.float32))
        return self._unit(topics + NOISE * noise)

    def nearest(self, owner: int, vector: np.ndarray) -> set[int]:
        """By brute force, in single precision, over what the table holds."""
        rows = self.rows_of[owner]
        similarity = self._unit(self.vectors[rows].astype(np.float32)) @ vector
        return {int(row) for row in rows[np.argsort(-similarity)[:FOUND]]}

    def _owners(self, people: int, vectors: int) -> np.ndarray:
        spread = np.log(P99 / MEDIAN) / 2.326
        sizes = np.exp(self.random.normal(np.log(MEDIAN), spread, people)).clip(1, LARGEST - 1)
        sizes[-1] = min(LARGEST, vectors // 4)
        sizes[:-1] *= (vectors - sizes[-1]) / sizes[:-1].sum()
        owners = np.repeat(np.arange(1, people + 1), np.maximum(1, sizes.round().astype(int)))
        self.random.shuffle(owners)
        return owners

    @staticmethod
    def _unit(vectors: np.ndarray) -> np.ndarray:
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--vectors", type=int, default=VECTORS)
    arguments.add_argument("--people", type=int, default=PEOPLE)
    arguments.add_argument("--seed", type=int, default=11)
    arguments.add_argument("--out", type=Path, help="Write the lines as JSON, too.")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        os.environ |= {"VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"}
        from config import services

        with services.running(folder, say=lambda line: None, durable=False) as found:
            os.environ |= {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}
            report = measured(asked.people, asked.vectors, asked.seed)
    print(as_markdown(report))
    if asked.out:
        asked.out.write_text(json.dumps(report | {"lines": [asdict(line) for line in report["lines"]]}, indent=2))


def measured(people: int, vectors: int, seed: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    load_before = os.getloadavg()[0]
    crowd = Crowd(people, vectors, seed)
    loaded_in = load(crowd)
    lines = []
    with connection.cursor():  # one connection for all: a worker's pool keeps them open too
        for layout in ("plain", "covering"):
            for band, (least, most) in BANDS.items():
                lines.append(line(crowd, layout, band, least, most))
        plan = explained(crowd)
        sizes = sizes_in_mb()
    connection.close()
    return {
        "vectors": len(crowd.owners), "people": people, "lines": lines, "sizes": sizes, "plan": plan,
        "seconds": loaded_in, "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
    }  # fmt: skip


def load(crowd: Crowd) -> dict[str, float]:
    """COPY into the product's table; its indexes are made afterwards, as a restored database makes them."""
    from django.db import connection

    from memory.models import StoredVector, VectorSpace
    from memory.stores import Collection

    space = VectorSpace.objects.create(collection=Collection.MEMORIES, embedder=EMBEDDER, dimensions=DIMENSIONS)
    table = StoredVector._meta.db_table
    seconds = {}
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'vectors_of_an_owner'")
        covering = cursor.fetchone()[0]
        cursor.execute("DROP INDEX vectors_of_an_owner")
        begun = time.monotonic()
        with cursor.copy(f"COPY {table} (space_id, item, owner, embedding) FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for at in range(0, len(crowd.owners), LOT):
                copy.write(as_rows(space.pk, at, crowd.owners[at : at + LOT], crowd.vectors[at : at + LOT]))
            copy.write(b"\xff\xff")
        seconds["copy"] = round(time.monotonic() - begun, 1)
        cursor.execute(f"CREATE UNLOGGED TABLE {PLAIN} AS SELECT space_id, item, owner, embedding FROM {table}")
        cursor.execute(f"CREATE INDEX {PLAIN}_by_owner ON {PLAIN} (space_id, owner)")
        begun = time.monotonic()
        cursor.execute(covering)
        seconds["covering index"] = round(time.monotonic() - begun, 1)
        cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute(f"VACUUM ANALYZE {PLAIN}")
    return seconds


def as_rows(space: int, first: int, owners: np.ndarray, vectors: np.ndarray) -> bytes:
    """Rows of COPY's binary format. An item's id is its row's number."""
    row = np.dtype([
        ("fields", ">i2"), ("l1", ">i4"), ("space", ">i8"), ("l2", ">i4"), ("high", ">i8"), ("low", ">i8"),
        ("l3", ">i4"), ("owner", ">i8"), ("l4", ">i4"), ("dimensions", ">i2"), ("unused", ">i2"),
        ("vector", ">f2", (DIMENSIONS,)),
    ])  # fmt: skip
    rows = np.zeros(len(owners), dtype=row)
    rows["fields"], rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 4, 8, 16, 8, 4 + 2 * DIMENSIONS
    rows["space"], rows["low"], rows["owner"] = space, np.arange(first, first + len(owners)), owners
    rows["dimensions"], rows["vector"] = DIMENSIONS, vectors
    return rows.tobytes()


def line(crowd: Crowd, layout: str, band: str, least: int, most: int) -> Line:
    sizes = {owner: len(rows) for owner, rows in crowd.rows_of.items()}
    fitting = [owner for owner, size in sizes.items() if least <= size <= most] or [max(sizes, key=lambda o: sizes[o])]
    owners = crowd.random.choice(fitting, min(ASKED, len(fitting)), replace=False)
    owners = list(owners) * (20 if len(owners) == 1 else 1)
    questions = crowd.near_topics_of(np.array(owners))
    search = by_product if layout == "covering" else by_plain_index
    times, answers = [], []
    for owner, question in zip(owners, questions, strict=True):
        asked = question.tolist()
        begun = time.perf_counter()
        answers.append(search(int(owner), asked))
        times.append((time.perf_counter() - begun) * 1_000)
    held = []
    for owner, question, found in zip(owners, questions, answers, strict=True):
        expected = crowd.nearest(int(owner), question.astype(">f2").astype(np.float32))
        held.append(len(found & expected) / len(expected))
    p95 = float(np.percentile(times, 95))
    return Line(layout, band, len(times), round(statistics.median(times), 2), round(p95, 2), statistics.fmean(held))


def by_product(owner: int, vector: list[float]) -> set[int]:
    from memory import stores

    near = stores.named("pgvector").nearest(
        stores.Collection.MEMORIES, vector, embedder=EMBEDDER, owners=[owner], limit=FOUND
    )
    return {each.item.int for each in near}


def by_plain_index(owner: int, vector: list[float]) -> set[int]:
    from django.db import connection
    from pgvector import HalfVector

    asked = HalfVector(vector).to_text()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT item FROM {PLAIN} WHERE space_id = (SELECT id FROM memory_vectorspace WHERE embedder = %s) "
            "AND owner = %s ORDER BY embedding <=> %s::halfvec LIMIT %s",
            [EMBEDDER, owner, asked, FOUND],
        )
        return {UUID(str(item)).int for (item,) in cursor.fetchall()}


def explained(crowd: Crowd) -> str:
    """The scan PostgreSQL chooses for the product's search, and how many rows of the table it had to look at."""
    from django.db import connection
    from pgvector import HalfVector

    from memory.stores import Collection
    from memory.stores.pgvector import NEAREST

    asked = HalfVector(crowd.topics[0].tolist()).to_text()
    with connection.cursor() as cursor:
        query = "EXPLAIN (ANALYZE) " + NEAREST.format(among="")
        cursor.execute(query, [asked, Collection.MEMORIES, EMBEDDER, DIMENSIONS, [1], FOUND])
        rows = [text.strip() for (text,) in cursor.fetchall()]
    about = ("on memory_storedvector", "Heap Fetches")
    telling = [text.split("(")[0].strip(" ->") for text in rows if any(words in text for words in about)]
    return ", ".join(telling)


def sizes_in_mb() -> dict[str, int]:
    from django.db import connection

    names = ["memory_storedvector", "vectors_of_an_owner", "memory_storedvector_pkey", PLAIN, f"{PLAIN}_by_owner"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, pg_relation_size(name::regclass) FROM unnest(%s::text[]) AS name", [names])
        return {name: round(size / 1e6) for name, size in cursor.fetchall()}


def as_markdown(report: dict[str, Any]) -> str:
    table = [
        f"{report['vectors']:,} vectors of {DIMENSIONS} numbers, {report['people']:,} people; load of the machine "
        f"{report['load'][0]} before, {report['load'][1]} after; {report['plan']}",
        "",
        "| layout | rows of a person | searches | p50 ms | p95 ms | recall |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.layout} | {one.band} | {one.searches} | {one.p50_ms:.2f} | {one.p95_ms:.2f} | {one.recall:.4f} |"
            for one in report["lines"]
        ),
        "",
        "MB: " + ", ".join(f"{name} {size:,}" for name, size in report["sizes"].items()),
        "seconds: " + ", ".join(f"{name} {seconds}" for name, seconds in report["seconds"].items()),
    ]
    return "\n".join(table)


if __name__ == "__main__":
    main()
