"""Server-sent events: how a stream begins, stays open, and passes through proxies."""

from collections.abc import AsyncIterator

from django.http import StreamingHttpResponse

MEDIA_TYPE = "text/event-stream"
OPENING = ": Plumbline\n\n"  # at once, so that a proxy and the client know the stream has begun
KEEP_ALIVE = ": still here\n\n"


def response(lines: AsyncIterator[str]) -> StreamingHttpResponse:
    """Whoever closes it cancels nothing but the reading."""
    answer = StreamingHttpResponse(lines, content_type=f"{MEDIA_TYPE}; charset=utf-8")
    answer["Cache-Control"] = "no-store, no-transform"
    answer["X-Accel-Buffering"] = "no"
    return answer


def event(frame: str, cursor: object) -> str:
    """One event; a client that comes back sends the last `id` it saw as Last-Event-ID."""
    return f"id: {cursor}\ndata: {frame}\n\n"
