"""Rows read by SQL of our own. Django takes longer to word a query than PostgreSQL to answer it, and a person waits."""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Field, Model

M = TypeVar("M", bound=Model)


def columns(table: type[Model], alias: str) -> str:
    """What to select so that `models` can make instances of it."""
    return ", ".join(f'{alias}."{field.column}"' for field in table._meta.concrete_fields)


def models(sql: str, parameters: dict[str, Any], *tables: type[Model]) -> list[list[Any]]:
    """The rows of a query that selects the `columns` of these tables: one instance of each, None where a join found
    nothing."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [_instances(row, tables) for row in cursor.fetchall()]


def _instances(row: Sequence[Any], tables: Sequence[type[Model]]) -> list[Model | None]:
    made: list[Model | None] = []
    begin = 0
    for table in tables:
        end = begin + len(table._meta.concrete_fields)
        made.append(_instance(table, row[begin:end]))
        begin = end
    return made


def _instance(table: type[M], values: Sequence[Any]) -> M | None:
    names, converted = _shape(table)
    if values[names.index(table._meta.pk.attname)] is None:
        return None
    read = list(values)
    for place, field in converted:
        read[place] = field.from_db_value(read[place], None, connection)  # type: ignore[attr-defined]
    return table.from_db(connection.alias, names, read)


@cache
def _shape(table: type[Model]) -> "tuple[list[str], list[tuple[int, Field[Any, Any]]]]":
    """The names of its columns in order, and those whose values Django has to convert."""
    fields = table._meta.concrete_fields
    converted = [(place, field) for place, field in enumerate(fields) if hasattr(field, "from_db_value")]
    return [field.attname for field in fields], converted
