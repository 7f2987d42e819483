from collections.abc import Sequence

import httpx2
import openai

from memory.embeddings.base import EmbeddingError, Vector
from memory.models import DIMENSIONS

TIMEOUT = httpx2.Timeout(30, connect=5)
ATTEMPTS = 3


class OpenAICompatibleEmbedder:
    """A model at OPENAI_BASE_URL. Asks for 384 dimensions, which is what the table holds."""

    dimensions = DIMENSIONS
    batch = 64
    relevant_from = 0.25

    def __init__(self, name: str, *, base_url: str, api_key: str) -> None:
        self.name = name
        self._client = openai.OpenAI(
            base_url=base_url or None, api_key=api_key or "none", timeout=TIMEOUT, max_retries=ATTEMPTS - 1
        )

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        return self._asked(texts)

    def query(self, text: str) -> Vector:
        return self._asked([text])[0]

    def _asked(self, texts: Sequence[str]) -> list[Vector]:
        try:
            answer = self._client.embeddings.create(model=self.name, input=list(texts), dimensions=DIMENSIONS)
        except openai.APIStatusError as error:
            raise EmbeddingError(
                f"The embedding endpoint refused {self.name!r} (HTTP {error.status_code}). "
                "Check EMBEDDING_MODEL and the key."
            ) from error
        except openai.OpenAIError as error:
            raise EmbeddingError("The embedding endpoint does not answer.") from error
        vectors = [item.embedding for item in sorted(answer.data, key=lambda item: item.index)]
        if len(vectors) != len(texts) or any(len(vector) != DIMENSIONS for vector in vectors):
            lengths = ", ".join(sorted({str(len(vector)) for vector in vectors})) or "none"
            raise EmbeddingError(
                f"{len(texts)} vectors of {DIMENSIONS} numbers were asked for; {self.name!r} gave {len(vectors)} of "
                f"length {lengths}. Choose an embedding model that can give {DIMENSIONS} dimensions."
            )
        return vectors
