import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents.exchange import import_agents, written
from agents.models import Agent, AgentVersion
from agents.refusals import Refused


class Command(BaseCommand):
    help = "Write agents as YAML, or take them in: agents export [SLUG …], agents import FILE."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        out = verbs.add_parser("export", help="Print agents as YAML, one document each.")
        out.add_argument("slugs", nargs="*", help="Which agents; without any, all of them.")
        out.add_argument("--number", type=int, help="Which version, of one agent; without it the live one.")
        into = verbs.add_parser("import", help="Keep the agents of a YAML file as drafts.")
        into.add_argument("file", help="A path, or - for what is piped in.")
        into.add_argument("--live", action="store_true", help="Make them live at once, their names included.")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "export":
            self.stdout.write(written(_chosen(options["slugs"], options["number"])), ending="")
        else:
            self._import(_text(options["file"]), is_live=options["live"])

    def _import(self, text: str, *, is_live: bool) -> None:
        try:
            imported = import_agents(text, by=None, is_live=is_live)
        except Refused as refused:
            raise CommandError(str(refused)) from None
        for one in imported:
            kept = f"version {one.version.number}" if one.version else "nothing new"
            self.stdout.write(f"{one.agent.slug}: {kept}{', live' if is_live else ''}")
            for words in one.warnings:
                self.stderr.write(f"{one.agent.slug}: {words}")


def _chosen(slugs: list[str], number: int | None) -> list[AgentVersion]:
    if number is not None:
        if len(slugs) != 1:
            raise CommandError("A version can be named for one agent alone.")
        version = AgentVersion.objects.select_related("agent").filter(agent__slug=slugs[0], number=number).first()
        if version is None:
            raise CommandError(f"{slugs[0]} has no version {number}.")
        return [version]
    agents = Agent.objects.select_related("live__agent").filter(live__isnull=False)
    found = {agent.slug: agent.live for agent in agents if agent.live and (not slugs or agent.slug in slugs)}
    if missing := [slug for slug in slugs if slug not in found]:
        raise CommandError(f"There is no live agent {', '.join(missing)}.")
    return list(found.values())


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not text (UTF-8).") from None
