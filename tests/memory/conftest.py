"""Documents of Alice, of Bob and of everybody, and an embedding endpoint at the far end of the wire."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # Django's settings are read only after the services have started
    from memory.models import Document
    from tests.memory.pinecone_server import PineconeServer
    from tests.memory.weaviate_server import WeaviateServer

WORDS = "hotel flight refund laptop holiday drill battery certificate".split()


@pytest.fixture
def by_words(settings: Any) -> None:
    """Search by words only."""
    settings.EMBEDDING_MODEL = "none"


@pytest.fixture
def keep(rows: None) -> "Callable[..., Document]":
    """Adds a document and indexes it, as an upload and a worker would."""
    from memory import indexing, knowledge

    def keeping(title: str, text: str | bytes, *, owner: Any = None, media_type: str = "text/markdown") -> "Document":
        content = text if isinstance(text, bytes) else text.encode()
        document = knowledge.add_document(
            title=title, content=content, media_type=media_type, owner_id=owner.pk if owner else None
        )
        indexing.index_waiting()
        document.refresh_from_db()
        return document

    return keeping


class EmbeddingEndpoint(ThreadingHTTPServer):
    """Speaks OpenAI's embeddings dialect. A text's vector says which of a few words are in it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.dimensions = 384
        self.status = 200
        self.knows_lengths = True
        self.before_answer: Callable[[], object] = lambda: None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def vector(self, text: str) -> list[float]:
        words = [1.0 if word in text.lower() else 0.0 for word in WORDS]
        return [*words, 0.01, *([0.0] * self.dimensions)][: self.dimensions]


class _Handler(BaseHTTPRequestHandler):
    server: EmbeddingEndpoint

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(asked)
        self.server.before_answer()
        given = [
            {"object": "embedding", "index": at, "embedding": self.server.vector(text)}
            for at, text in enumerate(asked["input"])
        ]
        body = json.dumps({"object": "list", "model": asked["model"], "data": given[::-1], "usage": {}}).encode()
        is_understood = self.server.knows_lengths or "dimensions" not in asked
        self.send_response(self.server.status if is_understood else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint(settings: Any) -> Iterator[EmbeddingEndpoint]:
    """The embedding endpoint everything is connected to."""
    server = EmbeddingEndpoint()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = server.base_url, "sk-test"
    settings.EMBEDDING_MODEL = "small-embedder"
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def pinecone(settings: Any) -> "Iterator[PineconeServer]":
    """An empty index of Pinecone, for vectors of four numbers."""
    from tests.memory.pinecone_server import KEY, PineconeServer

    server = PineconeServer().start()
    settings.PINECONE_HOST, settings.PINECONE_API_KEY = server.url, KEY
    yield server
    server.stop()


@pytest.fixture
def weaviate(settings: Any) -> "Iterator[WeaviateServer]":
    """An empty Weaviate."""
    from tests.memory.weaviate_server import KEY, WeaviateServer

    server = WeaviateServer().start()
    settings.WEAVIATE_URL, settings.WEAVIATE_GRPC_URL, settings.WEAVIATE_API_KEY = server.url, server.grpc_url, KEY
    yield server
    server.stop()
