"""A Weaviate of our own: REST for schemas, gRPC for objects, as its client speaks them, with what it refuses."""

import json
import math
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import grpc
from weaviate.proto.v1 import aggregate_pb2, base_pb2, batch_delete_pb2, batch_pb2, search_get_pb2, weaviate_pb2_grpc

KEY = "wv-test"
INDEX = {  # what a class gets that says no more than its metric
    "skip": False, "cleanupIntervalSeconds": 300, "maxConnections": 32, "efConstruction": 128, "ef": -1,
    "dynamicEfMin": 100, "dynamicEfMax": 500, "dynamicEfFactor": 8, "vectorCacheMaxObjects": 1_000_000_000_000,
    "flatSearchCutoff": 40_000, "distance": "cosine", "filterStrategy": "sweeping",
}  # fmt: skip


@dataclass
class Class:
    schema: dict[str, Any]
    objects: dict[str, tuple[dict[str, Any], list[float]]] = field(default_factory=dict)


class WeaviateServer:
    def __init__(self) -> None:
        self.classes: dict[str, Class] = {}
        self.requests: list[str] = []
        self.failures: list[int] = []  # what the next REST requests are answered with
        self._rest = _Rest(self)
        self._grpc = grpc.server(ThreadPoolExecutor(4))
        weaviate_pb2_grpc.add_WeaviateServicer_to_server(_Objects(self), self._grpc)
        self._grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._rest.server_address[1]}"

    @property
    def grpc_url(self) -> str:
        return f"http://127.0.0.1:{self._grpc_port}"

    def start(self) -> "WeaviateServer":
        self._grpc.start()
        threading.Thread(target=self._rest.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Also for lines that are open: they are cut at their next request."""
        self.failures = [0] * 100
        self._grpc.stop(None)
        self._rest.shutdown()
        self._rest.server_close()


class _Rest(ThreadingHTTPServer):
    def __init__(self, weaviate: WeaviateServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.weaviate = weaviate


class _Handler(BaseHTTPRequestHandler):
    server: _Rest
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        classes = self.server.weaviate.classes
        if self.path == "/v1/meta":
            self._answer(200, {"hostname": "http://[::]:8080", "modules": {}, "version": "1.33.1"})
        elif self.path == "/v1/schema":
            self._answer(200, {"classes": [each.schema for each in classes.values()]})
        elif name := self._named():
            self._answer(200, classes[name].schema)
        else:
            self._answer(404, None)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked["class"] in self.server.weaviate.classes:
            self._answer(422, {"error": [{"message": f"class name {asked['class']} already exists"}]})
            return
        indexed = {"indexFilterable": True, "indexSearchable": False, "indexRangeFilters": False}
        asked["properties"] = [indexed | each for each in asked["properties"]]
        for each in asked["vectorConfig"].values():
            each["vectorIndexConfig"] = INDEX | each["vectorIndexConfig"]
        self.server.weaviate.classes[asked["class"]] = Class(asked)
        self._answer(200, asked)

    def do_DELETE(self) -> None:
        if name := self._named():
            del self.server.weaviate.classes[name]
        self._answer(200, None)

    def _named(self) -> str:
        name = self.path.removeprefix("/v1/schema/")
        return name if name in self.server.weaviate.classes else ""

    def _answer(self, status: int, answer: Any) -> None:
        self.server.weaviate.requests.append(self.path)
        if self.server.weaviate.failures[:1] == [0]:
            self.close_connection = True
            return
        if self.headers["Authorization"] != f"Bearer {KEY}":
            status, answer = 401, {"code": 401, "message": "unauthorized: invalid api key"}
        elif self.server.weaviate.failures:
            status, answer = self.server.weaviate.failures.pop(0), {"error": [{"message": "not now"}]}
        body = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class _Objects(weaviate_pb2_grpc.WeaviateServicer):
    def __init__(self, weaviate: WeaviateServer) -> None:
        self._weaviate = weaviate

    def BatchObjects(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._let_in(context)
        errors = []
        for at, one in enumerate(request.objects):
            held = self._weaviate.classes[one.collection].objects
            vector = _numbers(one.vectors[0].vector_bytes if one.vectors else one.vector_bytes)
            length = next((len(other) for _, other in held.values()), len(vector))
            if len(vector) != length:
                words = (
                    f"new node has a vector with length {len(vector)}. Existing nodes have vectors with length {length}"
                )
                errors.append(batch_pb2.BatchObjectsReply.BatchError(index=at, error=words))
            else:
                held[one.uuid] = (dict(one.properties.non_ref_properties), vector)
        return batch_pb2.BatchObjectsReply(took=0.01, errors=errors)

    def BatchDelete(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._let_in(context)
        held = self._weaviate.classes[request.collection].objects
        gone = [name for name, (properties, _) in held.items() if _fits(name, properties, request.filters)]
        for name in gone:
            del held[name]
        return batch_delete_pb2.BatchDeleteReply(matches=len(gone), successful=len(gone))

    def Aggregate(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._let_in(context)
        count = len(self._weaviate.classes[request.collection].objects)
        single = aggregate_pb2.AggregateReply.Single(objects_count=count)
        return aggregate_pb2.AggregateReply(single_result=single)

    def Search(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._let_in(context)
        held = self._weaviate.classes[request.collection].objects
        found = [(name, each) for name, each in held.items() if _fits(name, each[0], request.filters)]
        if not request.HasField("near_vector"):
            return search_get_pb2.SearchReply(results=[_result(name, vector) for name, (_, vector) in found])
        near = request.near_vector
        asked = _numbers(
            near.vector_for_targets[0].vector_bytes
            if near.vector_for_targets
            else (near.vectors[0].vector_bytes if near.vectors else near.vector_bytes)
        )
        if any(len(vector) != len(asked) for _, (_, vector) in found):
            context.abort(grpc.StatusCode.UNKNOWN, "vector lengths don't match: 4 vs 3")
        ranked = sorted((_distance(asked, vector), name) for name, (_, vector) in found)[: request.limit]
        return search_get_pb2.SearchReply(results=[_result(name, distance=distance) for distance, name in ranked])

    def _let_in(self, context: grpc.ServicerContext) -> None:
        self._weaviate.requests.append("grpc")
        if dict(context.invocation_metadata()).get("authorization") != f"Bearer {KEY}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "unauthorized: invalid api key")


def _result(name: str, vector: list[float] | None = None, *, distance: float | None = None) -> Any:
    vectors = (
        [base_pb2.Vectors(name="default", vector_bytes=struct.pack(f"<{len(vector)}f", *vector))] if vector else []
    )
    metadata = search_get_pb2.MetadataResult(
        id=name,
        id_as_bytes=UUID(name).bytes,
        vectors=vectors,
        distance=distance or 0.0,
        distance_present=distance is not None,
    )
    return search_get_pb2.SearchResult(metadata=metadata)


def _fits(name: str, properties: dict[str, Any], condition: Any) -> bool:
    kinds = base_pb2.Filters
    if condition.operator == kinds.OPERATOR_UNSPECIFIED:
        return True
    if condition.operator == kinds.OPERATOR_AND:
        return all(_fits(name, properties, each) for each in condition.filters)
    if condition.operator == kinds.OPERATOR_OR:
        return any(_fits(name, properties, each) for each in condition.filters)
    held = name if condition.target.property == "_id" else properties[condition.target.property]
    if condition.operator == kinds.OPERATOR_EQUAL:
        return held == condition.value_text
    assert condition.operator == kinds.OPERATOR_CONTAINS_ANY
    return held in [*condition.value_text_array.values, *condition.value_int_array.values]


def _numbers(packed: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))


def _distance(one: list[float], other: list[float]) -> float:
    return 1 - sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))
