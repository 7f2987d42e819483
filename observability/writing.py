"""Inserts rows by statements worded once a process: Django takes longer to word one than PostgreSQL to run it."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, GeneratedField, Model


def insert(rows: Sequence[Model], *, replacing: tuple[str, ...] = ()) -> None:
    """Write a few rows of one table. One that is there already stays as it is, but for the columns to be replaced."""
    if not rows:
        return
    table = type(rows[0])
    fields = _written(table)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_statement(table, len(rows), replacing), values)


@cache
def _written(table: type[Model]) -> "list[Field[Any, Any]]":
    return [field for field in table._meta.concrete_fields if not isinstance(field, GeneratedField)]


@cache
def _statement(table: type[Model], rows: int, replacing: tuple[str, ...]) -> str:
    columns = [f'"{field.column}"' for field in _written(table)]
    row = f"({', '.join(['%s'] * len(columns))})"
    new = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in replacing)
    conflict = f'("{table._meta.pk.column}") DO UPDATE SET {new}' if new else "DO NOTHING"
    return (
        f'INSERT INTO "{table._meta.db_table}" ({", ".join(columns)}) VALUES {", ".join([row] * rows)} '
        f"ON CONFLICT {conflict}"
    )
