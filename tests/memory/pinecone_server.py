"""A Pinecone of our own: the data plane of one index, as its documentation and its client speak it, with its limits."""

import json
import math
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "pc-test"


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message


class PineconeServer(ThreadingHTTPServer):
    def __init__(self, dimension: int = 4) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.dimension = dimension
        self.namespaces: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.failures: list[int] = []  # what the next requests are answered with
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> "PineconeServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Also for lines that are open: they are cut at their next request."""
        self.failures = [0] * 100
        self.shutdown()
        self.server_close()

    def upsert(self, asked: dict[str, Any]) -> dict[str, Any]:
        vectors = asked["vectors"]
        _at_most(len(vectors), 1_000, "vectors")
        for vector in vectors:
            self._check(vector["values"])
            self.namespaces[asked.get("namespace", "")][vector["id"]] = vector
        return {"upsertedCount": len(vectors)}

    def query(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._check(asked["vector"])
        _at_most(asked["topK"], 10_000, "results")
        vectors = self.namespaces.get(asked.get("namespace", ""), {}).values()
        matches = [
            {"id": one["id"], "score": _cosine(asked["vector"], one["values"]), "values": []}
            for one in vectors
            if _fits(one.get("metadata", {}), asked.get("filter", {}))
        ]
        best = sorted(matches, key=lambda match: -match["score"])[: asked["topK"]]
        return {"matches": best, "namespace": asked.get("namespace", ""), "usage": {"readUnits": 5}}

    def fetch(self, asked: dict[str, list[str]]) -> dict[str, Any]:
        namespace = asked.get("namespace", [""])[0]
        held = self.namespaces.get(namespace, {})
        return {"vectors": {name: held[name] for name in asked["ids"] if name in held}, "namespace": namespace}

    def delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        namespace = asked.get("namespace", "")
        if namespace not in self.namespaces:
            raise Refused(404, "Namespace not found")
        if asked.get("deleteAll"):
            del self.namespaces[namespace]
        else:
            _at_most(len(asked["ids"]), 1_000, "ids")
            for name in asked["ids"]:
                self.namespaces[namespace].pop(name, None)
        return {}

    def stats(self) -> dict[str, Any]:
        counts = {name: {"vectorCount": len(vectors)} for name, vectors in self.namespaces.items()}
        total = sum(len(vectors) for vectors in self.namespaces.values())
        return {"namespaces": counts, "dimension": self.dimension, "indexFullness": 0, "totalVectorCount": total}

    def _check(self, values: list[float]) -> None:
        if len(values) != self.dimension:
            raise Refused(400, f"Vector dimension {len(values)} does not match the dimension of the index")
        if not any(values):
            raise Refused(400, "Dense vectors must contain at least one non-zero value.")


class _Handler(BaseHTTPRequestHandler):
    server: PineconeServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        deeds = {
            "/vectors/upsert": self.server.upsert,
            "/query": self.server.query,
            "/vectors/delete": self.server.delete,
            "/describe_index_stats": lambda asked: self.server.stats(),
        }
        self._answer(lambda: _small(body) and deeds[self.path](asked))

    def do_GET(self) -> None:
        self._answer(lambda: self.server.fetch(parse_qs(urlsplit(self.path).query)))

    def _answer(self, deed: Any) -> None:
        self.server.requests.append(self.path)
        if self.server.failures[:1] == [0]:
            self.close_connection = True
            return
        try:
            if self.headers["Api-Key"] != KEY:
                raise Refused(401, "Invalid API Key")
            if self.server.failures:
                raise Refused(self.server.failures.pop(0), "Try again")
            status, answer = 200, deed()
        except Refused as refusal:
            status, answer = refusal.status, {"code": 3, "message": refusal.message, "details": []}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


def _small(body: bytes) -> bool:
    _at_most(len(body), 2_000_000, "bytes")
    return True


def _at_most(number: int, most: int, what: str) -> None:
    if number > most:
        raise Refused(400, f"At most {most} {what} in a request")


def _fits(metadata: dict[str, Any], condition: dict[str, Any]) -> bool:
    for name, wanted in condition.items():
        if name == "$and":
            if not all(_fits(metadata, each) for each in wanted):
                return False
        elif metadata.get(name) not in wanted["$in"]:
            return False
    return True


def _cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))
