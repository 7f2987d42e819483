"""What people used."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models


class DailyUsage(models.Model):
    """What one person's runs used on one day (UTC). A ledger of its own: deleting a conversation gives nothing back."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(
        max_digits=14, decimal_places=8, default=Decimal, help_text="Of calls with a known price."
    )

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "day"], name="one_usage_per_day")]

    def __str__(self) -> str:
        return f"{self.user} on {self.day}"
