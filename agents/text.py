"""Text from outside, made fit for the database."""


def storable(text: str) -> str:
    """Without NUL characters and lone surrogates, which PostgreSQL refuses; all else is kept as it was said."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
