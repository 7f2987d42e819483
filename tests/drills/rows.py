"""Everything that is stored of a run, as plain values: to see that somebody changed none of it."""

from typing import Any

from django.conf import settings
from redis import Redis

from agents.models import Approval, Artifact, DailyUsage, Message, Run, Settlement, ToolCall
from observability.models import Payload, Span, Trace


def dump(run: Run) -> dict[str, Any]:
    """The rows of a run, of its trace and of its person's ledger, and its live logs."""
    chosen = {
        "runs": Run.objects.filter(thread=run.thread_id),
        "messages": Message.objects.filter(run=run),
        "calls": ToolCall.objects.filter(run=run),
        "artifacts": Artifact.objects.filter(call__run=run),
        "approvals": Approval.objects.filter(run=run),
        "settlements": Settlement.objects.filter(call__run=run),
        "traces": Trace.objects.filter(pk=run.id),
        "spans": Span.objects.filter(trace=run.id),
        "payloads": Payload.objects.filter(span__trace=run.id),
        "usage": DailyUsage.objects.filter(user=run.user_id),
    }
    return {name: list(rows.order_by("pk").values()) for name, rows in chosen.items()} | {"logs": _logs(run)}


def _logs(run: Run) -> dict[bytes, Any]:
    redis = Redis.from_url(settings.REDIS_URL)
    return {key: redis.xrange(key) for key in redis.scan_iter(f"*{run.id}*") if redis.type(key) == b"stream"}
