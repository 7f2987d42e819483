from collections.abc import Sequence

import httpx2
import openai

from memory.embeddings.base import EmbeddingError, Vector

TIMEOUT = httpx2.Timeout(30, connect=5)
ATTEMPTS = 3
LONGEST = 8_000  # characters, about the 2,000 tokens that the shortest-sighted models read


class OpenAICompatibleEmbedder:
    """A model at OPENAI_BASE_URL, asked for vectors of a length that PostgreSQL can keep in an index."""

    batch = 64
    relevant_from = 0.25

    def __init__(self, name: str, *, model: str, dimensions: int, base_url: str, api_key: str) -> None:
        self.name = name
        self.dimensions = dimensions
        self._model = model
        self._may_ask_for_a_length = True  # until it is known not to understand that
        self._client = openai.OpenAI(
            base_url=base_url or None, api_key=api_key or "none", timeout=TIMEOUT, max_retries=ATTEMPTS - 1
        )

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        return self._asked(texts)

    def query(self, text: str) -> Vector:
        return self._asked([text])[0]

    def _asked(self, texts: Sequence[str]) -> list[Vector]:
        given = [text[:LONGEST] or " " for text in texts]
        try:
            answer = self._answer(given)
        except openai.APIStatusError as error:
            raise EmbeddingError(
                f"The embedding endpoint refused {self._model!r} (HTTP {error.status_code}). "
                "Check EMBEDDING_MODEL and the key."
            ) from error
        except openai.OpenAIError as error:
            raise EmbeddingError("The embedding endpoint does not answer.") from error
        vectors = [item.embedding for item in sorted(answer.data, key=lambda item: item.index)]
        if len(vectors) != len(texts) or any(len(vector) != self.dimensions for vector in vectors):
            lengths = ", ".join(sorted({f"{len(vector):,}" for vector in vectors})) or "none"
            raise EmbeddingError(
                f"{len(texts)} vectors of {self.dimensions:,} numbers were asked for; {self._model!r} gave "
                f"{len(vectors)} of length {lengths}. Set EMBEDDING_DIMENSIONS to a length it can give "
                "(at most 1,300 with pgvector), or choose another EMBEDDING_MODEL."
            )
        return vectors

    def _answer(self, texts: list[str]) -> openai.types.CreateEmbeddingResponse:
        """Many servers do not know the parameter `dimensions`, and answer what their model gives anyway without it."""
        if self._may_ask_for_a_length:
            try:
                return self._client.embeddings.create(model=self._model, input=texts, dimensions=self.dimensions)
            except openai.BadRequestError:
                answer = self._client.embeddings.create(model=self._model, input=texts)
                self._may_ask_for_a_length = False
                return answer
        return self._client.embeddings.create(model=self._model, input=texts)
