"""How much of the evidence recall finds, on LoCoMo, through the product's own code: `python -m bench.memory FILE`.

Services of its own, the real PostgreSQL and the embedder of the settings. Nothing is left behind.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import log
from pathlib import Path

from bench.locomo import CATEGORIES, Conversation, Question, read

DEPTHS = (5, 10, 20)
COUNTED = (1, 2, 3, 4)  # the last category asks for what was never said
WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5)
AGENT, NO_MEMORIES = 1, 2  # memories are kept for the first only, so that the second finds what was said and no more
BIG_MEMORIES, BIG_WINDOWS, BIG_QUESTIONS = 2_000, 5_000, 200

Units = list[frozenset[str]]  # the turns that each thing found holds, best first


@dataclass(frozen=True)
class Person:
    """One conversation, in the database as what one person said and what is known of it."""

    user_id: int
    conversation: Conversation
    turns_of: dict[uuid.UUID, frozenset[str]]  # by window and by memory


def main() -> None:
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name, prepared(Path(name)):
        people = [moved_in(number, one) for number, one in enumerate(read(options.file))]
        embed()
        results = {title: measured(people, way) for title, way in ways().items()}
        print(table(results))
        print(f"\nchosen on the other conversations, each left out once: {left_out(people)}")
        latency = None if options.quick else big_person(people)
        if latency:
            print(latency)
    if options.out:
        options.out.write_text(json.dumps({"evidence_recall": results, "latency": latency}, indent=1) + "\n")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    known = os.environ.get("PLUMBLINE_LOCOMO")
    parser.add_argument("file", type=Path, nargs="?" if known else None, default=known, help="LoCoMo's JSON file")
    parser.add_argument("--quick", action="store_true", help="without the person who has thousands of memories")
    parser.add_argument("--out", type=Path, help="a file for the figures as JSON")
    return parser.parse_args()


@contextmanager
def prepared(folder: Path) -> Iterator[None]:
    from config import services

    folder.chmod(0o755)
    os.environ |= {"VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"}
    with services.running(folder, say=lambda words: None) as found:
        os.environ |= {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield


def moved_in(number: int, conversation: Conversation) -> Person:
    """A person to whom all this was said; each session is a thread, each turn a message."""
    from accounts.models import User
    from memory.models import Memory
    from memory.windows import Said, keep_windows

    user = User.objects.create_user(f"locomo-{number}@example.org", name=f"Locomo {number}")
    message_of: dict[str, uuid.UUID] = {}
    turns_of: dict[uuid.UUID, frozenset[str]] = {}
    for session in conversation.sessions:
        before = ""
        for turn in session.turns:
            message_of[turn.id] = uuid.uuid4()
            turns_of[message_of[turn.id]] = frozenset(filter(None, (before, turn.id)))
            before = turn.id
        said = [Said(message_of[turn.id], turn.speaker, turn.text, session.said_at) for turn in session.turns]
        keep_windows(said, user_id=user.pk, agent_id=AGENT, thread_id=uuid.uuid4(), run_id=uuid.uuid4())
    for fact in conversation.facts:
        source = next((message_of[turn] for turn in fact.evidence if turn in message_of), None)
        memory = Memory.objects.create(
            user=user,
            agent_id=AGENT,
            text=fact.text[:500],
            message_id=source,
            content_hash=uuid.uuid4().hex,
            extractor="locomo",
        )
        turns_of[memory.pk] = frozenset(fact.evidence)
    return Person(user.pk, conversation, turns_of)


def embed() -> None:
    from memory.embedding import embed_waiting

    while embed_waiting():
        pass


# Ways of finding


def ways() -> dict[str, Callable[[Person], Callable[[str], Units]]]:
    return {
        "BM25 over windows, whole words": plain_bm25,
        "BM25 over windows, as in Plumbline": words_alone,
        "vectors over memories alone": vectors_alone,
        "Plumbline's recall": recalled,
    }


def recalled(person: Person) -> Callable[[str], Units]:
    from memory.recall import recall

    def find(query: str) -> Units:
        found = recall(
            query, user_id=person.user_id, agent_id=AGENT, limit=DEPTHS[-1], most_tokens=10**9, count_tokens=len
        )
        return [
            person.turns_of.get(one.memory_id, frozenset()) | person.turns_of.get(one.window_id, frozenset())
            for one in found
        ]

    return find


def words_alone(person: Person) -> Callable[[str], Units]:
    from memory import candidates

    def find(query: str) -> Units:
        found = candidates.found(query, {}, user_id=person.user_id, agent_id=NO_MEMORIES)
        return [person.turns_of[one.window_id] for one in found if one.window_id]

    return find


def vectors_alone(person: Person) -> Callable[[str], Units]:
    from memory import places
    from memory.stores import Collection

    searchable = places.searchable()
    assert searchable

    def find(query: str) -> Units:
        vector = searchable.embedder.query(query)
        near = searchable.nearest(Collection.MEMORIES, vector, owners=[person.user_id], limit=DEPTHS[-1])
        return [person.turns_of[one.item] for one in near]

    return find


def plain_bm25(person: Person) -> Callable[[str], Units]:
    """The textbook's, on whole words: what others measured on the same windows."""
    from memory.models import Window

    windows = list(Window.objects.filter(user_id=person.user_id).order_by("said_at", "pk"))
    texts = [Counter(whole_words(window.text)) for window in windows]
    average = statistics.fmean(text.total() for text in texts)
    having: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        for word in text:
            having[word].append(place)

    def find(query: str) -> Units:
        scores: dict[int, float] = defaultdict(float)
        for word in whole_words(query):
            rarity = log(1 + (len(texts) - len(having[word]) + 0.5) / (len(having[word]) + 0.5))
            for place in having[word]:
                times = texts[place][word]
                scores[place] += rarity * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * texts[place].total() / average))
        return [person.turns_of[windows[place].pk] for place in sorted(scores, key=lambda place: -scores[place])]

    return find


def whole_words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


# Figures


def measured(people: Sequence[Person], way: Callable[[Person], Callable[[str], Units]]) -> dict[str, list[float]]:
    """By category and altogether, in per cent, at each depth."""
    shares: dict[int, list[list[float]]] = defaultdict(list)
    for person in people:
        find = way(person)
        for question in person.conversation.questions:
            shares[question.category].append(held(question, find(question.text)))
    counted = [one for category in COUNTED for one in shares[category]]
    return {name: means(shares[category]) for category, name in CATEGORIES.items()} | {"all of 1 to 4": means(counted)}


def held(question: Question, units: Units) -> list[float]:
    """The share of the evidence among the first of what was found, at each depth."""
    found = [frozenset[str]().union(*units[:depth]) for depth in DEPTHS]
    return [len(question.evidence & turns) / len(question.evidence) for turns in found]


def means(shares: Sequence[Sequence[float]]) -> list[float]:
    return [round(100 * statistics.fmean(column), 1) for column in zip(*shares, strict=True)]


def table(results: dict[str, dict[str, list[float]]]) -> str:
    names = list(next(iter(results.values())))
    lines = ["| evidence recall @5 / @10 / @20, % | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for title, figures in results.items():
        cells = [" / ".join(f"{value:.1f}" for value in figures[name]) for name in names]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def left_out(people: Sequence[Person]) -> str:
    """The one number that was chosen by measuring, chosen anew without each conversation and measured on it."""
    from memory import candidates

    before = candidates.MEANING
    found = {}
    for weight in WEIGHTS:
        candidates.MEANING = weight
        found[weight] = [per_question(person) for person in people]
    candidates.MEANING = before
    chosen, shares = [], []
    for out in range(len(people)):
        others = [place for place in range(len(people)) if place != out]
        best = max(WEIGHTS, key=lambda w: statistics.fmean(one[1] for place in others for one in found[w][place]))
        chosen.append(best)
        shares += found[best][out]
    return f"{' / '.join(f'{value:.1f}' for value in means(shares))} % with weights {chosen}"


def per_question(person: Person) -> list[list[float]]:
    find = recalled(person)
    asked = [question for question in person.conversation.questions if question.category in COUNTED]
    return [held(question, find(question.text)) for question in asked]


# Latency


def big_person(people: Sequence[Person]) -> dict[str, float]:
    """How long it takes for somebody of whom a lot is known: with the reading of the question, and without."""
    from memory import places
    from memory.recall import recall

    user_id = grown(people)
    searchable = places.searchable()
    assert searchable
    questions = [one.text for person in people for one in person.conversation.questions][:BIG_QUESTIONS]
    wall, cpu, reading = [], [], []
    for query in questions:
        began, busy = time.perf_counter(), time.process_time()
        recall(query, user_id=user_id, agent_id=AGENT, count_tokens=len, most_tokens=5_000)
        wall.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (time.process_time() - busy))
        began = time.perf_counter()
        searchable.embedder.query(query)
        reading.append(1000 * (time.perf_counter() - began))
    rest = [whole - alone for whole, alone in zip(wall, reading, strict=True)]
    return {
        f"{name}_p{share}": round(statistics.quantiles(values, n=100)[share - 1], 1)
        for name, values in {"wall_ms": wall, "cpu_ms": cpu, "of_it_the_model_ms": reading, "the_rest_ms": rest}.items()
        for share in (50, 95)
    }


def grown(people: Sequence[Person]) -> int:
    """A person with the limit of memories and many conversations: everybody's, more than once."""
    from accounts.models import User
    from memory import places
    from memory.models import Memory, Window
    from memory.stores import Collection, Point

    searchable = places.searchable()
    assert searchable
    user = User.objects.create_user("locomo-big@example.org", name="Big")
    everybody = [person.user_id for person in people]
    windows = list(Window.objects.filter(user_id__in=everybody))
    copies = [(windows[number % len(windows)], uuid.uuid4()) for number in range(BIG_WINDOWS)]
    Window.objects.bulk_create(
        Window(
            message_id=key, user=user, agent_id=AGENT, thread_id=one.thread_id, run_id=one.run_id, text=one.text,
            said_at=one.said_at,
        )
        for one, key in copies
    )  # fmt: skip
    memories = list(Memory.objects.filter(user_id__in=everybody))
    vectors = searchable.store.get(Collection.MEMORIES, [one.pk for one in memories], embedder=searchable.embedder.name)
    sources = [memories[number % len(memories)] for number in range(BIG_MEMORIES)]
    made = Memory.objects.bulk_create(
        Memory(user=user, text=one.text, content_hash=uuid.uuid4().hex, embedded_with=searchable.place)
        for one in sources
    )
    points = [Point(new.pk, user.pk, list(vectors[old.pk])) for new, old in zip(made, sources, strict=True)]
    searchable.store.put(Collection.MEMORIES, points, embedder=searchable.embedder.name)
    return int(user.pk)


if __name__ == "__main__":
    main()
