"""Web, worker and beat as real processes on the test database, for tests that come in by the front door."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import User
from agents.models import Run, RunStatus
from config.celery import app as celery
from tests.nursery import Child, Nursery
from tests.sockets import ChatSocket

BASE_DIR = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 15


class Process:
    """A child with its own log file."""

    def __init__(self, name: str, log: Path, child: subprocess.Popen[bytes] | Child) -> None:
        self.name, self.log = name, log
        self.read_from = 0
        self.may_end = False
        self._child = child

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.poll() is None

    def kill(self) -> None:
        """As the kernel does it when memory runs out: no goodbye."""
        self.may_end = True
        self._child.kill()
        self._child.wait()

    def freeze(self) -> None:
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def ask_to_stop(self) -> None:
        self.may_end = True
        self._child.terminate()

    def stop(self) -> None:
        self.thaw()
        self.ask_to_stop()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def said(self) -> str:
        """What it logged since the test began."""
        with self.log.open(errors="replace") as log:
            log.seek(self.read_from)
            return log.read()


class Stack:
    """One web process, one worker (a test may kill it and start others) and one beat."""

    def __init__(self, llm_url: str) -> None:
        self.url = f"http://127.0.0.1:{os.environ['PORT']}"
        self.workers: list[Process] = []
        self._processes: list[Process] = []
        self._folder = Path(tempfile.mkdtemp(prefix="logs-", dir=settings.VAR_DIR))
        self._numbers = 0
        self._nursery: Nursery | None = None
        self._env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.settings_live",
            "DATABASE_URL": _url_of_test_database(),
            "OPENAI_BASE_URL": llm_url,
            "OPENAI_API_KEY": "sk-test",
            "LOG_LEVEL": "INFO",
            "PYTHONUNBUFFERED": "1",
        }

    def start(self) -> None:
        static = self._python("static", "-m", "django", "collectstatic", "--noinput", "--verbosity=0")
        self.beat = self._python("beat", "-m", "celery", "-A", "config.clock", "beat", "--loglevel=INFO")
        self.start_worker(wait=False)
        static.may_end = True
        self.until(lambda: not static.is_running, "the static files are collected")
        port = self._env["PORT"]
        self.web = self._python("web", "-m", "daphne", "-b", "127.0.0.1", "-p", port, "config.asgi:application")
        self.until(self._is_web_ready, "the web process answers /readyz")
        self.until(self._are_workers_ready, "the worker answers")

    def stop(self) -> None:
        for process in self._processes:
            process.thaw()
            process.ask_to_stop()
        for process in self._processes:
            process.stop()
        if self._nursery:
            self._nursery.close()

    def start_worker(self, *, wait: bool = True, fault: str = "") -> Process:
        """A worker as production has it; with `fault` ("mid_stream:3") it kills itself at that point."""
        self._numbers += 1
        name = f"worker-{self._numbers}"
        arguments = ["--pool", "threads", "-n", f"{name}@tests", "--without-gossip", "--without-mingle"]
        worker = self.fork(name, "tests.nursery:work", [*arguments, "--loglevel=INFO"], fault=fault)
        worker.may_end = bool(fault)
        self.workers.append(worker)
        if wait:
            self.until(self._are_workers_ready, f"{name} answers")
        return worker

    def fork(self, name: str, main: str, arguments: list[str], *, fault: str = "") -> Process:
        """A process that has all a worker has imported, and calls `main` ("module:function") with these arguments."""
        self._nursery = self._nursery or Nursery(env=self._env, folder=self._folder)
        log = self._log_of(name)
        return self._keep(Process(name, log, self._nursery.grow(main, arguments, log=log, fault=fault)))

    def until_said(self, process: Process, words: str) -> None:
        """Wait for a line in a log that matches."""
        self.until(lambda: re.search(words, process.said()) is not None, f"{process.name} says {words}")

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_so():
            dead = [process.name for process in self._processes if not (process.is_running or process.may_end)]
            if dead or time.monotonic() > deadline:
                logs = "\n".join(f"--- {title}\n{said}" for title, said in self.logs())
                raise AssertionError(f"It did not happen that {what}. Ended: {dead or 'none'}.\n{logs}")
            time.sleep(0.05)

    # Front doors

    def open(self, user: User) -> ChatSocket:
        """A chat socket of that person, logged in as the browser is: by session cookie."""
        return ChatSocket(self.url, self.cookie_of(user))

    def cookie_of(self, user: User) -> str:
        client = Client()
        client.force_login(user)
        return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    def get(self, path: str, user: User | None = None) -> str:
        headers = {"Cookie": self.cookie_of(user)} if user else {}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=10) as answer:
            return str(answer.read().decode())

    def page_data(self, thread_id: str, user: User) -> dict[str, Any]:
        """What the page of a conversation knows before its socket is open."""
        page = self.get(f"/c/{thread_id}/", user)
        found = re.search(r'<script id="page-data" type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
        assert found, "the page carries no data"
        return dict(json.loads(found[1]))

    # Around each test

    def begin_test(self) -> None:
        for process in self._processes:
            process.read_from = process.log.stat().st_size

    def end_test(self) -> None:
        """Leave nothing half done to the next test, and a worker to work on it."""
        unfinished = Run.objects.unfinished()
        unfinished.update(status=RunStatus.FAILED, error="The test was over.", lease_owner=None)
        able = [worker for worker in self.workers if not worker.may_end]
        for worker in self.workers:
            worker.thaw() if worker in able[:1] else worker.stop()
        self.workers = able[:1]
        if not self.workers:
            self.start_worker()

    def logs(self) -> list[tuple[str, str]]:
        return [(f"log of {process.name}", said) for process in self._processes if (said := process.said().strip())]

    def _python(self, name: str, *arguments: str) -> Process:
        log = self._log_of(name)
        with log.open("ab") as output:
            command = [sys.executable, *arguments]
            child = subprocess.Popen(command, cwd=BASE_DIR, env=self._env, stdout=output, stderr=subprocess.STDOUT)
        return self._keep(Process(name, log, child))

    def _log_of(self, name: str) -> Path:
        log = self._folder / f"{name}.log"
        log.touch()
        return log

    def _keep(self, process: Process) -> Process:
        self._processes.append(process)
        return process

    def _is_web_ready(self) -> bool:
        try:
            return bool(json.loads(self.get("/readyz"))["ready"])
        except OSError:
            return False

    def _are_workers_ready(self) -> bool:
        expected = {f"{worker.name}@tests" for worker in self.workers if worker.is_running}
        answers = celery.control.ping(timeout=1, limit=len(expected), destination=list(expected))
        return expected <= {name for answer in answers for name in answer}


def _url_of_test_database() -> str:
    name = connection.settings_dict["NAME"]
    server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    return f"{server}/{name}"
