"""What is measured: the whole of Plumbline, and beside it the relays that do nothing but pass tokens on."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.processes import DRIVER_CORE, SERVER_CORE, answers, python, running, until
from bench.talkers import PlumblineTalker, RelayTalker, Talker


@dataclass(frozen=True)
class Target:
    name: str
    talkers: list[Talker]
    processes: list[psutil.Process]


class Bench:
    """The services and accounts of one session, and the folder everything of it lies in."""

    def __init__(self, folder: Path, people: int) -> None:
        self.folder, self.people = folder, people
        self.cookies: list[str] = []

    def prepare(self) -> None:
        """Tables, accounts and log-ins, made once."""
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command
        from django.test import Client

        from accounts.models import User

        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        for number in range(self.people):
            client = Client()
            client.force_login(User.objects.create_user(f"person-{number}@example.org", name=f"Person {number}"))
            self.cookies.append(f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}")

    @contextmanager
    def llm(self, delay_ms: float) -> Iterator[str]:
        port = free_port()
        command = python("-m", "bench.llm", str(port), str(delay_ms))
        log = self.folder / f"llm-{delay_ms:g}.log"
        with running(command, core=DRIVER_CORE, env=dict(os.environ), log=log):
            until(lambda: "ready" in log.read_text(), "the LLM is ready")
            yield f"http://127.0.0.1:{port}/v1"

    @contextmanager
    def target(self, name: str, llm_url: str) -> Iterator[Target]:
        start = self._plumbline if name == "plumbline" else self._relay
        with start(name, llm_url) as target:
            yield target

    @contextmanager
    def _plumbline(self, name: str, llm_url: str) -> Iterator[Target]:
        """Web and worker as `manage.py serve` starts them, on one core; the services run where they like."""
        from config.management.commands.serve import QUIET, web, worker

        url = f"http://127.0.0.1:{os.environ['PORT']}"
        env = os.environ | QUIET | {"OPENAI_BASE_URL": llm_url, "OPENAI_API_KEY": "bench", "LOG_LEVEL": "WARNING"}
        with ExitStack() as stack:
            processes = [
                stack.enter_context(
                    running(child.command, core=SERVER_CORE, env=env, log=self.folder / f"{child.name}.log")
                )
                for child in (web(), worker())
            ]
            until(lambda: answers(f"{url}/readyz"), "the web process is ready")
            yield Target(name, [PlumblineTalker(url, cookie) for cookie in self.cookies], processes)

    @contextmanager
    def _relay(self, name: str, llm_url: str) -> Iterator[Target]:
        port, log = free_port(), Path(tempfile.mkstemp(dir=self.folder, suffix=".log")[1])
        command = python("-m", "bench.relay", str(port), llm_url, {"relay": "sdk", "floor": "raw"}[name])
        with running(command, core=SERVER_CORE, env=dict(os.environ), log=log) as process:
            until(lambda: "ready" in log.read_text(), f"the {name} is ready")
            yield Target(name, [RelayTalker(f"ws://127.0.0.1:{port}") for _ in self.cookies], [process])


def free_port() -> int:
    from config.services.base import free_port

    return free_port()
