"""How the console writes numbers, times and states."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from observability.names import SPAN_STATUS_FACES, STATUS_FACES, Face

register = template.Library()
UNKNOWN_STATUS = Face("help", "Unknown")


@register.filter
def duration(ms: float | None) -> str:
    """`< 1 ms`, `850 ms`, `1.8 s`, `2 min 05 s`, `1 h 12 min`; a dash where there is none yet."""
    if ms is None:
        return "–"
    if ms < 1:
        return "< 1 ms"
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 59_950:
        return f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600:,} h {seconds % 3600 // 60:02d} min"


@register.filter
def money(cost: Decimal | None) -> str:
    """US dollars with as many places as the amount needs. A price that is not known is never shown as zero."""
    if cost is None:
        return "unknown"
    if cost == 0:
        return "$0"
    if cost < Decimal("0.0001"):
        return "< $0.0001"
    return f"${cost:,.4f}" if cost < Decimal("0.1") else f"${cost:,.2f}"


@register.filter
def count(number: int | None) -> str:
    """`950`, `1,234`, `12.3k`, `4.5M`."""
    if number is None:
        return "–"
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1000:.1f}k" if number < 999_950 else f"{number / 1_000_000:.1f}M"


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago in words; the exact moment on hover and for machines."""
    if moment is None:
        return "–"
    exact = timezone.localtime(moment)
    return _timed(exact, _ago((timezone.now() - moment).total_seconds(), exact))


def _ago(seconds: float, exact: datetime) -> str:
    if seconds < 5:
        return "just now"
    if seconds < 60:
        return f"{seconds:.0f} s ago"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600:.0f} h ago"
    if seconds < 14 * 86_400:
        return f"{seconds // 86_400:.0f} d ago"
    return f"{exact:%Y-%m-%d}"


@register.filter
def until(moment: datetime | None) -> SafeString | str:
    """How long from now in words; the exact moment on hover and for machines."""
    if moment is None:
        return "–"
    return _timed(timezone.localtime(moment), _until((moment - timezone.now()).total_seconds()))


def _timed(exact: datetime, words: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        exact.isoformat(timespec="seconds"),
        f"{exact:%Y-%m-%d %H:%M:%S %Z}",
        words,
    )


def _until(seconds: float) -> str:
    if seconds <= 0:
        return "now"
    if seconds < 5400:
        return f"in {max(seconds / 60, 1):.0f} min"
    return f"in {seconds / 3600:.0f} h" if seconds < 2 * 86_400 else f"in {seconds / 86_400:.0f} d"


@register.filter
def lookup(table: dict[Any, Any], key: Any) -> Any:
    """What the table holds under this key, if anything."""
    return table.get(key)


@register.simple_tag
def status_mark(status: str) -> SafeString:
    """The icon and the word of a run's status."""
    return _mark(STATUS_FACES.get(status, UNKNOWN_STATUS))


@register.simple_tag
def span_status_mark(status: str) -> SafeString:
    """The icon and the word of a step's status."""
    return _mark(SPAN_STATUS_FACES.get(status, UNKNOWN_STATUS))


@register.simple_tag
def thumb(score: float | None) -> SafeString | str:
    """A thumb with a word for those who do not see it; nothing where nobody judged."""
    if score is None:
        return ""
    face = Face("thumb_up", "Up", "good") if score > 0 else Face("thumb_down", "Down", "bad")
    return format_html(
        '<span class="st {}" title="Thumb {}"><i class="ic" aria-hidden="true">{}</i><b class="vh">Thumb {}</b></span>',
        face.tone,
        face.word.lower(),
        face.icon,
        face.word.lower(),
    )


def _mark(face: Face) -> SafeString:
    return format_html(
        '<span class="st {}"><i class="ic" aria-hidden="true">{}</i>{}</span>', face.tone, face.icon, face.word
    )
