import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.doctor import Health, examine_everything


class Command(BaseCommand):
    help = "Examine everything Plumbline stands on, and say what to do about what is broken."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        styles = {Health.GOOD: self.style.SUCCESS, Health.NOTE: self.style.WARNING, Health.BROKEN: self.style.ERROR}
        broken = 0
        for finding in examine_everything():
            broken += finding.health is Health.BROKEN
            mark = styles[finding.health](f"{finding.health.value:<7}")
            self.stdout.write(f"{mark} {finding.about:<13} {finding.words}")
        if broken:
            self.stdout.write(f"\n{broken} {'thing is' if broken == 1 else 'things are'} broken.")
            sys.exit(1)
        self.stdout.write("\nNothing is broken.")
