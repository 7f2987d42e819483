"""Lists a page at a time, newest first: each begins where the one before ended, whatever was added meanwhile."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from django.db.models import Model, Q, QuerySet
from ninja import Query

Row = TypeVar("Row", bound=Model)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PLACE = r"^\d{1,16}-[0-9a-f]{32}$"
Cursor = Annotated[str | None, Query(pattern=PLACE, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]


def page(rows: "QuerySet[Row]", *, before: str | None, limit: int) -> tuple[list[Row], str | None]:
    """The rows made before that place, and the place where the next page begins."""
    if before:
        moment, pk = _place(before)
        rows = rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=pk))
    found = list(rows.order_by("-created_at", "-pk")[: limit + 1])
    return found[:limit], _cursor(found[limit - 1]) if len(found) > limit else None


def is_place(text: str) -> bool:
    """Whether this can be the `before` of a page."""
    return re.fullmatch(PLACE, text) is not None


def _cursor(row: Any) -> str:
    return f"{(row.created_at - EPOCH) // MICROSECOND}-{row.pk.hex}"


def _place(cursor: str) -> tuple[datetime, uuid.UUID]:
    microseconds, _, pk = cursor.partition("-")
    return EPOCH + int(microseconds) * MICROSECOND, uuid.UUID(pk)
