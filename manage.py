#!/usr/bin/env python
"""Run a management command of Plumbline, with the services it needs."""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from dotenv import load_dotenv

from config import env, services

BASE_DIR = Path(__file__).resolve().parent
WITHOUT_SERVICES = {
    "",
    "help",
    "--help",
    "-h",
    "version",
    "--version",
    "check",
    "collectstatic",
    "diffsettings",
    "vendor",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    load_dotenv(BASE_DIR / ".env")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        if command in WITHOUT_SERVICES:
            execute_from_command_line(sys.argv)
        else:
            run_with_services()
    except (services.ServiceError, ImproperlyConfigured) as error:
        tell(str(error))
        if command != "doctor":
            sys.exit(1)
        execute_from_command_line(sys.argv)  # it has more to say
    except KeyboardInterrupt:
        sys.exit(130)


def run_with_services() -> None:
    var_dir = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
    with services.running(var_dir, say=tell) as found:
        os.environ |= {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}
        execute_from_command_line(sys.argv)


def tell(text: str) -> None:
    """A line for the person at the terminal, out of the way of what a command prints."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
