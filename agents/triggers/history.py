"""How long the history of triggers goes back: what fired before that is forgotten, the runs it started are not."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from agents.models import UNFINISHED, Delivery, Firing

MOST_AT_ONCE = 1000


def forget_old() -> int:
    """Delete the firings that are older than `TRIGGER_HISTORY_DAYS` and over; how many. The rest next time.

    One whose run is under way or whose answer is still to be sent stays: its trigger and its mails need it.
    """
    if not settings.TRIGGER_HISTORY_DAYS:
        return 0
    latest = timezone.now() - timedelta(days=settings.TRIGGER_HISTORY_DAYS)
    old = Firing.objects.filter(created_at__lt=latest).exclude(delivery=Delivery.PENDING)
    over = old.exclude(run__status__in=UNFINISHED).order_by("pk").values("pk")[:MOST_AT_ONCE]
    deleted, _ = Firing.objects.filter(pk__in=over).delete()
    return deleted
