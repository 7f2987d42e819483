"""`manage.py serve`: the whole of Plumbline on one machine, until Ctrl-C."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from config.prepare import FirstAdmin, prepare
from config.services import ServiceError, Services, locks, revive
from config.services.processes import Child
from config.services.supervisor import Supervisor

GRACE_SECONDS = 1.5  # for a worker to give back what it could not finish
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}
QUIET = {
    "PYTHONUNBUFFERED": "1",
    "CELERY_SKIP_CHECKS": "1",  # half a second and the whole interface in the worker's memory
    "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
}


class Command(BaseCommand):
    help = "Run Plumbline: the web server, the worker and the clock, until Ctrl-C. HOST and PORT say where."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        place = alone_in_var_dir()
        check_port()
        supervisor = Supervisor([worker(), web(), beat()], drain_seconds=settings.DRAIN_SECONDS + GRACE_SECONDS)
        admin = prepare(supervisor.say)
        connections.close_all()
        supervisor.run(every_second=Watch(supervisor.say, admin).look)
        place.release()


class Watch:
    """Says once that the first page is there, and looks after the embedded services."""

    def __init__(self, say: Callable[[str], None], admin: FirstAdmin | None):
        self.say = say
        self.admin = admin
        self.is_ready = False
        self.services = Services(settings.DATABASE_URL, settings.REDIS_URL)

    def look(self) -> None:
        revive(settings.VAR_DIR, self.services, say=self.say)
        if not self.is_ready and answers():
            self.is_ready = True
            self.welcome()

    def welcome(self) -> None:
        self.say(f"Plumbline is ready at {address()}")
        if self.admin is not None:
            for line in boxed(*how_to_log_in(self.admin)):
                self.say(line)


def worker() -> Child:
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return _child(
        "worker", "celery", "-q", "-A", "config.celery", "worker", *quiet, "-n", f"plumbline-{settings.PORT}@%h"
    )


def beat() -> Child:
    return _child("beat", "celery", "-q", "-A", "config.clock", "beat", "--pidfile=")


def web() -> Child:
    host, port = settings.HOST, str(settings.PORT)
    return _child("web", "daphne", "-v", "0", "--no-server-name", "-b", host, "-p", port, "config.asgi:application")


def _child(name: str, module: str, *arguments: str) -> Child:
    options = {
        "cwd": settings.BASE_DIR,
        "env": QUIET | os.environ,
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
    }
    return Child(name, [sys.executable, "-m", module, *arguments], options=options)


def alone_in_var_dir() -> locks.Held:
    """Our claim on VAR_DIR, for as long as we serve."""
    place = locks.take(settings.VAR_DIR / "serve.lock")
    if place is None:
        raise ServiceError(
            f"Plumbline is already running with VAR_DIR {settings.VAR_DIR}: stop it first, "
            "or give this one a VAR_DIR and a PORT of its own."
        )
    return place


def check_port() -> None:
    """Better one sentence now than a web server that dies again and again."""
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST.strip("[]"), settings.PORT))
        except PermissionError:
            raise ServiceError(f"Port {settings.PORT} is for root only: set PORT to one above 1023.") from None
        except socket.gaierror:
            raise ServiceError(f"HOST is {settings.HOST}, which is no address of this machine.") from None
        except OSError as error:
            raise ServiceError(
                f"Port {settings.PORT} of {settings.HOST} cannot be used ({os.strerror(error.errno or 0)}): "
                "set PORT to a free one, or stop what uses it."
            ) from None


def answers() -> bool:
    """Whether /readyz says that everything a page needs is there."""
    host = EVERYWHERE.get(settings.HOST, settings.HOST).strip("[]")
    wire = http.client.HTTPConnection(host, settings.PORT, timeout=2)
    try:
        wire.request("GET", "/readyz")
        return wire.getresponse().status == 200
    except OSError:
        return False
    finally:
        wire.close()


def address() -> str:
    host = EVERYWHERE.get(settings.HOST, settings.HOST).strip("[]")
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}"


def how_to_log_in(admin: FirstAdmin) -> list[str]:
    lines = [f"Log in at {address()} as the first administrator", "", f"e-mail    {admin.email}"]
    if admin.is_generated:
        return [
            *lines,
            f"password  {admin.password}",
            "",
            "This password is shown only now. Change it after logging in.",
        ]
    return [*lines, "password  the one in ADMIN_PASSWORD"]


def boxed(*lines: str) -> list[str]:
    width = max(map(len, lines))
    return [
        f"┌─{'─' * width}─┐",
        *(f"│ {line:<{width}} │" for line in lines),
        f"└─{'─' * width}─┘",
    ]
