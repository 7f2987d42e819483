from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from accounts.models import ApiToken, Scope, User
from accounts.tokens import create_token

LONGEST_DAYS = 3650


class Command(BaseCommand):
    help = "Make an API token for a person and print it as the last line. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--create", action="store_true", help="Make the person, without a password, if missing.")
        parser.add_argument(
            "--scopes", default=",".join(Scope.values), help=f"Of {', '.join(Scope.values)}; without it all of them."
        )
        parser.add_argument("--days", type=int, help="How long it works. Without it until it is revoked.")
        parser.add_argument("--name", default="", help="What it is for.")

    def handle(
        self, *args: Any, email: str, create: bool, scopes: str, days: int | None, name: str, **options: Any
    ) -> None:
        granted = _scopes(scopes)
        if days is not None and not 0 < days <= LONGEST_DAYS:
            raise CommandError(f"A token can work for 1 to {LONGEST_DAYS} days.")
        person = _person(email, create=create)
        token, secret = create_token(
            user=person,
            name=_free_name(person, name or f"Command line, {timezone.localtime():%Y-%m-%d %H:%M}"),
            scopes=granted,
            lasts=timedelta(days=days) if days else None,
        )
        until = f"until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "until it is revoked"
        self.stdout.write(f"“{token.name}” works for {person.email} {until}. It may: {', '.join(token.scopes)}.")
        self.stdout.write(secret)


def _scopes(words: str) -> list[Scope]:
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    if unknown := [word for word in wanted if word not in Scope.values]:
        raise CommandError(f"There is no scope {', '.join(unknown)}. There are: {', '.join(Scope.values)}.")
    if not wanted:
        raise CommandError("A token that may do nothing is of no use: name at least one scope.")
    return [Scope(word) for word in wanted]


def _person(email: str, *, create: bool) -> User:
    person = User.objects.filter(email__iexact=email).first()
    if person is None and create:
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address.") from error
        return User.objects.create_user(email)
    if person is None:
        raise CommandError(f"Nobody has the e-mail address {email}. With --create the account is made.")
    if not person.is_active:
        raise CommandError(f"The account {person.email} is switched off: a token of it would not work.")
    return person


def _free_name(person: User, name: str) -> str:
    """That name, or with the first number that makes it free."""
    taken = set(ApiToken.objects.filter(user=person).values_list("name", flat=True))
    names = (name[:80] if number == 1 else f"{name[:70]} ({number})" for number in range(1, len(taken) + 2))
    return next(free for free in names if free not in taken)
