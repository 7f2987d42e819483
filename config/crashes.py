"""Reports crashes of Plumbline itself to Sentry: what went wrong and where, never what people said."""

from typing import Any

from observability.redaction import is_secret_key, mask

DEEPEST = 12


def report_to(dsn: str, *, release: str = "") -> None:
    """Start reporting. Local variables and request bodies stay here: they hold conversations."""
    import sentry_sdk  # only where it is wanted

    sentry_sdk.init(
        dsn=dsn,
        release=release or None,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=lambda event, hint: masked(event),
    )


def masked(value: Any, depth: int = 0) -> Any:
    """The same with every secret in it replaced, however deep it stands."""
    if isinstance(value, str):
        return mask(value)
    if depth > DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {
            key: "[masked]" if isinstance(key, str) and is_secret_key(key) else masked(inner, depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(inner, depth + 1) for inner in value]
    return value
