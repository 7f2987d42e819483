import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from memory import embedding, embeddings, places, stores, vector_state
from memory.embeddings.base import EmbeddingError
from memory.places import Place
from memory.stores import StoreError

EVERY_SECONDS = 5  # a line of progress, where no terminal shows the same one again and again


class Command(BaseCommand):
    help = "Say how the vectors of memories, procedures and documents stand, or make them anew, or move them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("status", help="What has a vector, what waits for one, and where they are.")
        reindex = actions.add_parser(
            "reindex",
            help="Embed all that waits. Stop it whenever you like: it goes on where it was, here or in the worker.",
        )
        reindex.add_argument("--to", metavar="STORE", help="Move to this store: pgvector, pinecone or weaviate.")
        reindex.add_argument("--embedder", metavar="NAME", help="Move to this EMBEDDING_MODEL.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            if action == "status":
                self._tell_status()
            else:
                self._reindex(options["to"], options["embedder"])
        except (EmbeddingError, StoreError) as error:
            raise CommandError(str(error)) from error

    def _tell_status(self) -> None:
        state = vector_state.look()
        if state is None:
            self.stdout.write("EMBEDDING_MODEL is none: everything is searched by words only.")
            return
        self.stdout.write(f"Searches go by {_words(state.serving)}.")
        if state.is_moving:
            self.stdout.write(f"A move to {_words(state.target)} is under way; then searches go by that.")
        for count in state.counts:
            failing = f", {count.failing:,} of them failed and are tried again" if count.failing else ""
            held = f"{count.waiting:,} waiting{failing}; {count.stored:,} stored"
            self.stdout.write(f"{count.collection:<11} {count.wanted:>9,}, {held}")
        if state.deletions and places.stores_in_use() - {stores.PGVECTOR}:
            self.stdout.write(f"{state.deletions:,} are deleted here, and soon outside.")
        if state.error:
            self.stdout.write(f"The last failure: {state.error}")

    def _reindex(self, store: str | None, model: str | None) -> None:
        place = _place(store, model)
        places.move_to(place)
        total = _state().waiting
        self.stdout.write(f"{total:,} to be embedded with {_words(place)}.")
        embedding.embed_waiting(self._progress(total))
        state = _state()
        if state.waiting:
            reason = state.error or "Another process is at work on them."
            raise CommandError(
                f"{state.waiting:,} are still waiting. {reason} The worker goes on; so does this command."
            )
        self.stdout.write(f"Done: searches go by {_words(state.serving)}.")
        if place != places.configured():
            self.stdout.write("Set EMBEDDING_MODEL and VECTOR_STORE to these, so that the settings say so too.")

    def _progress(self, total: int) -> Callable[[int], None]:
        """Says how far it is: one line that changes in a terminal, else a line now and then."""
        done, begun = 0, time.monotonic()
        is_terminal = self.stdout.isatty()
        said = begun

        def tell(count: int) -> None:
            nonlocal done, said
            done += count
            now = time.monotonic()
            if not is_terminal and done < total and now - said < EVERY_SECONDS:
                return
            said = now
            rate = done / max(now - begun, 0.001)
            left = max(0, total - done) / rate
            self.stdout.write(
                f"{done:,} of {max(total, done):,}, {rate:,.0f} a second, about {left / 60:,.0f} min left",
                ending="\r" if is_terminal and done < total else "\n",
            )
            self.stdout.flush()

        return tell


def _place(store: str | None, model: str | None) -> Place:
    """What was asked for, where it can be used; what was not said is as in the settings."""
    name = embeddings.name_of(model or settings.EMBEDDING_MODEL)
    if settings.EMBEDDING_MODEL == embeddings.NONE or embeddings.named(name) is None:
        raise CommandError("EMBEDDING_MODEL is none: everything is searched by words only. Set it first.")
    place = Place(name, (store or settings.VECTOR_STORE).lower())
    stores.named(place.store)
    return place


def _state() -> vector_state.State:
    state = vector_state.look()
    assert state, "there is an embedder"
    return state


def _words(place: Place) -> str:
    return f"{place.embedder} in {place.store}"
