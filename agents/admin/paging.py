"""Pages of a list by key: the newest first, and the next page begins after the last row of this one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet

ROWS = 50


@dataclass(frozen=True)
class Paged:
    """One page of rows, and the query string of the one after it (empty: there is none)."""

    rows: list[Any]
    older: str
    is_first: bool

    @classmethod
    def read(cls, rows: QuerySet[Any], given: Mapping[str, str]) -> "Paged":
        """Ordered by primary key, which must grow with time."""
        before = _uuid(given.get("before", ""))
        found = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: ROWS + 1])
        rest = {name: value for name, value in given.items() if name != "before"}
        older = f"?{urlencode(rest | {'before': str(found[ROWS - 1].pk)})}" if len(found) > ROWS else ""
        return cls(found[:ROWS], older, before is None)


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
