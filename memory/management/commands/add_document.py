from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from memory import knowledge
from memory.reading import media_type_of


class Command(BaseCommand):
    help = "Add a document for agents to answer from, or replace the one of the same title."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--title", default="", help="Without it the file's name.")
        parser.add_argument("--owner", metavar="EMAIL", default="", help="Whose it is. Without it everybody's.")

    def handle(self, *args: Any, path: Path, title: str, owner: str, **options: Any) -> None:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            document = knowledge.add_document(
                title=title or path.stem,
                content=content,
                media_type=media_type_of(path.name),
                owner_id=_person(owner) if owner else None,
            )
        except knowledge.DocumentRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        whose = f"belongs to {owner}" if owner else "is everybody's"
        self.stdout.write(f"“{document.title}” {whose} and is {document.get_status_display().lower()}.")


def _person(email: str) -> int:
    person = get_user_model().objects.filter(email__iexact=email).values_list("pk", flat=True).first()
    if person is None:
        raise CommandError(f"Nobody has the e-mail address {email}.")
    return person
