"""What went in and out is kept as JSON, cut to a size a page can show, and says where it was cut."""

import json
from dataclasses import dataclass
from decimal import Decimal

from observability.payload import MOST_BYTES, shorten, storable, storable_text


def test_plain_values_stay_as_they_are() -> None:
    given = {"a": [1, 2.5, None, True, "ü"], "b": {"c": ""}}

    assert storable(given) == given


def test_a_long_text_keeps_both_ends_and_says_what_is_missing() -> None:
    kept = storable("begin " + "x" * 300_000 + " end")

    assert kept.startswith("begin ")
    assert kept.endswith(" end")
    assert "characters cut" in kept
    assert len(kept) < MOST_BYTES


def test_of_many_long_messages_each_keeps_its_beginning() -> None:
    kept = storable([{"role": "user", "content": f"{place} " + "x" * 20_000} for place in range(10)])

    assert [message["content"].split()[0] for message in kept] == [str(place) for place in range(10)]
    assert len(json.dumps(kept)) <= MOST_BYTES


def test_bytes_are_counted_and_not_kept() -> None:
    assert storable({"file": b"abc"}) == {"file": "3 bytes"}


def test_a_dataclass_is_kept_by_its_fields() -> None:
    @dataclass
    class Price:
        amount: Decimal
        password: str

    assert storable(Price(Decimal("1.5"), "hunter2")) == {"amount": "1.5", "password": "[masked]"}


def test_a_secret_cut_in_half_is_not_left_behind() -> None:
    secret = "sk-proj-" + "a1b2c3d4" * 4
    kept = storable("x" * (3 * MOST_BYTES - 10) + secret + "x" * (9 * MOST_BYTES))

    assert "a1b2c3d4" not in kept


def test_a_column_takes_as_much_as_it_holds() -> None:
    assert storable_text("abc", 3) == "abc"
    assert storable_text("abcd", 3) == "ab…"


def test_shorten_counts_what_it_cuts() -> None:
    assert "60 characters cut" in shorten("x" * 100, 40)
