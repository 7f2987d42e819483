"""Any value made fit to be stored: plain JSON, secrets masked, and cut to a size a page can show."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from observability.redaction import MASK, is_secret_key, mask

MOST_BYTES = 64_000
MOST_ITEMS = 20_000
DEEPEST = 24
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL takes neither NUL nor half a character
STRING_LENGTHS = (32_000, 8_000, 2_000, 500)


def storable(value: Any) -> Any:
    """The value as JSON, masked, at most about 64 kB; what was cut says so in its place."""
    plain = _Plain().of(value)
    if _size(plain) <= MOST_BYTES:
        return plain
    for most in STRING_LENGTHS:
        shorter = _with_short_strings(plain, most)
        if _size(shorter) <= MOST_BYTES:
            return shorter
    return shorten(json.dumps(plain, ensure_ascii=False), MOST_BYTES // 2)


def storable_text(text: str, most: int) -> str:
    """The text masked and at most this long, for a column of that length."""
    text = mask(UNSTORABLE.sub("\ufffd", str(text)[: most * 4]))
    return text if len(text) <= most else text[: most - 1] + "…"


def shorten(text: str, most: int) -> str:
    """The beginning and the end of a text that is too long, and between them how much is missing."""
    if len(text) <= most:
        return text
    head, tail = most * 3 // 4, most // 4
    return f"{text[:head]}\n… {len(text) - head - tail:,} characters cut …\n{text[-tail:]}"


class _Plain:
    """One walk through a value. It counts what it meets: neither a circle nor ten million numbers hold up a run."""

    def __init__(self) -> None:
        self.left = MOST_ITEMS

    def of(self, value: Any, depth: int = 0) -> Any:
        self.left -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, int):
            return value if abs(value) < 2**63 else f"{value:#x}"[:100]
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if depth >= DEEPEST:
            return "… nested too deep to keep …"
        if isinstance(value, Mapping):
            return self._mapping(value, depth + 1)
        if isinstance(value, list | tuple | set | frozenset):
            return self._sequence(list(value), depth + 1)
        if isinstance(value, bytes | bytearray):
            return f"{len(value):,} bytes"
        if is_dataclass(value) and not isinstance(value, type):
            return self._mapping({field.name: getattr(value, field.name) for field in fields(value)}, depth + 1)
        return _text(_described(value))

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in value.items():
            if self.left <= 0:
                kept["…"] = f"{len(value) - len(kept):,} more cut"
                break
            name = _described(key)
            kept[_text(name)] = MASK if is_secret_key(name) and _holds_something(item) else self.of(item, depth)
        return kept

    def _sequence(self, value: list[Any], depth: int) -> list[Any]:
        kept: list[Any] = []
        for item in value:
            if self.left <= 0:
                kept.append(f"… {len(value) - len(kept):,} more cut")
                break
            kept.append(self.of(item, depth))
        return kept


def _holds_something(value: Any) -> bool:
    return not (value is None or isinstance(value, bool) or (isinstance(value, str) and not value))


def _text(text: str) -> str:
    # A secret on the seam of this first cut is gone after the second, which keeps less of both ends.
    return mask(UNSTORABLE.sub("\ufffd", shorten(text, 4 * MOST_BYTES)))


def _described(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  a value that cannot say what it is must not stop a run
        return f"a {type(value).__name__} that cannot be shown"


def _with_short_strings(value: Any, most: int) -> Any:
    if isinstance(value, str):
        return shorten(value, most)
    if isinstance(value, dict):
        return {key: _with_short_strings(item, most) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_short_strings(item, most) for item in value]
    return value


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())
