"""Cron expressions: minute, hour, day of the month, month, weekday. `30 8 * * mon-fri` is 8:30 on workdays."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()
FARTHEST_DAYS = 366 * 8 + 1  # a 29 February on which a century has none


class BadCron(ValueError):
    """The expression cannot be used; the words are for whoever wrote it."""


@dataclass(frozen=True)
class Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_any_day: bool
    is_any_weekday: bool

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The next time after a moment, by the clock on the wall there; None if there is none within eight years.

        A time that summer time skips comes as much later as was skipped; one that comes twice counts once.
        """
        today = moment.astimezone(zone).date()
        for day in (today + timedelta(days=ahead) for ahead in range(FARTHEST_DAYS)):
            if not self._is_on(day):
                continue
            for clock in self._clocks():
                candidate = datetime.combine(day, clock, zone).astimezone(UTC)
                if candidate > moment:
                    return candidate
        return None

    def _is_on(self, day: date) -> bool:
        """As cron has it: with both a day of the month and a weekday given, one of the two is enough."""
        if day.month not in self.months:
            return False
        is_day, is_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.is_any_day or self.is_any_weekday:
            return is_day and is_weekday
        return is_day or is_weekday

    def _clocks(self) -> Iterator[time]:
        return (time(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes))


@lru_cache(maxsize=256)
def read(expression: str) -> Cron:
    """The times an expression means. Raises BadCron."""
    parts = expression.lower().split()
    if len(parts) != 5:
        raise BadCron("Write five parts: minute, hour, day, month, weekday, for example 30 8 * * mon-fri.")
    minute, hour, day, month, weekday = parts
    return Cron(
        minutes=_numbers("minute", minute, 0, 59),
        hours=_numbers("hour", hour, 0, 23),
        days=_numbers("day", day, 1, 31),
        months=_numbers("month", month, 1, 12, MONTHS, first=1),
        weekdays=frozenset(number % 7 for number in _numbers("weekday", weekday, 0, 7, DAYS)),
        is_any_day=day.startswith("*"),
        is_any_weekday=weekday.startswith("*"),
    )


def _numbers(
    what: str, part: str, least: int, most: int, names: list[str] | None = None, first: int = 0
) -> frozenset[int]:
    found: set[int] = set()
    for piece in part.split(","):
        span, _, step = piece.partition("/")
        if "/" in piece and (not step.isdecimal() or not 0 < int(step) <= most):
            raise BadCron(f"The {what} {piece!r} has no step that works; write for example */15.")
        start, _, end = span.partition("-")
        begin = least if span == "*" else _number(what, start, least, most, names or [], first)
        if span == "*" or ("/" in piece and "-" not in span):
            last = most
        else:
            last = _number(what, end, least, most, names or [], first) if "-" in span else begin
        if last < begin:
            raise BadCron(f"The {what} {piece!r} ends before it begins.")
        found |= set(range(begin, last + 1, int(step) if step else 1))
    return frozenset(found)


def _number(what: str, given: str, least: int, most: int, names: list[str], first: int) -> int:
    if given in names:
        return names.index(given) + first
    if not given.isdecimal() or len(given) > 2 or not least <= int(given) <= most:
        raise BadCron(f"The {what} {given!r} is not between {least} and {most}.")
    return int(given)
