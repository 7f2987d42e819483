from typing import Any

from django.core.management.base import BaseCommand

from config.prepare import prepare


class Command(BaseCommand):
    help = "Bring the database and the static files up to date, and make the first administrator."

    def handle(self, *args: Any, **options: Any) -> None:
        admin = prepare(self.stdout.write)
        if admin is None:
            self.stdout.write("Everything is in place.")
        elif admin.is_generated:
            self.stdout.write(
                f"The first administrator is {admin.email} with the password {admin.password} (shown only now)."
            )
        else:
            self.stdout.write(f"The first administrator is {admin.email} with the password in ADMIN_PASSWORD.")
