"""Keeps one embedded service running for as long as anybody uses it: `python -m config.services.keeper NAME VAR_DIR`.

A process of its own, so that `bin/manage shell` and `bin/run` can share a service and either may go first. It speaks
to the one who started it in lines on standard output: `say …`, then `ready` or `failed …`.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from config.services import locks, postgres, redis
from config.services.base import Connection, Service, bare_environment, free_port, remember, remembered
from config.services.errors import ServiceError
from config.services.files import Files
from config.services.home import Home, find_home
from config.services.processes import Child, StopRequest

SERVICES: dict[str, Service] = {postgres.FOLDER: postgres, redis.FOLDER: redis}
START_SECONDS = 60
STOP_SECONDS = 3


def main(name: str, var_dir: str, *options: str) -> int:
    stop = StopRequest()
    is_durable = "--throwaway" not in options
    service = SERVICES[name]
    files = Files(Path(var_dir), name)
    try:
        home = find_home(Path(var_dir), name, _say)
        lock = locks.take(home.folder / "keeper.lock")
        if lock is None:
            raise ServiceError(
                f"The data in {home.folder} is in use by another Plumbline. Is this a copy of its folder?"
            )
        connection, child = _start(service, home, files, stop, is_durable=is_durable)
    except ServiceError as error:
        _tell(f"failed {error}")
        return 1
    _tell("ready")
    sys.stdout = sys.stderr  # nobody reads the pipe from here on
    _keep(child, files, stop)
    _stop(child)
    remember(files.connection, replace(connection, keeper=0))
    if not is_durable:
        shutil.rmtree(home.folder, ignore_errors=True)
    return 0


def _start(
    service: Service, home: Home, files: Files, stop: StopRequest, *, is_durable: bool
) -> tuple[Connection, Child]:
    """The service, running and ready, and how to reach it, written down for everybody."""
    connection = remembered(files.connection) or Connection(port=0)
    connection = replace(connection, port=free_port(connection.port), keeper=os.getpid(), home=str(home.folder))
    service.prepare(home, connection, is_durable=is_durable, say=_say)
    log = open(files.log, "ab")  # noqa: SIM115 - the service's for as long as it runs
    child = Child(
        service.NAME,
        service.command(home, connection, is_durable=is_durable),
        options={
            "cwd": home.folder,
            "env": bare_environment(),
            "stdin": subprocess.DEVNULL,
            "stdout": log,
            "stderr": log,
        },
        account=home.account,
        stop_signal=service.STOP_SIGNAL,
        orphan_signal=service.STOP_SIGNAL,
    )
    child.start()
    patience = time.monotonic() + START_SECONDS
    while not service.is_ready(home, connection):
        if not child.is_running or stop or time.monotonic() > patience:
            child.kill()
            raise ServiceError(f"{service.NAME} did not start; the reason is at the end of {files.log}.")
        stop.wait(0.02)
    remember(files.connection, connection)
    return connection, child


def _keep(child: Child, files: Files, stop: StopRequest) -> None:
    """Return when we are told to stop, or nobody has a use for the service any more."""
    while not stop.wait(0.5):
        child.keep_alive(_say)
        if _is_unused(files):
            return


def _is_unused(files: Files) -> bool:
    """Asked only while it is nobody's turn, so that we never mistake the moment between two users for the end."""
    mine = locks.take(files.turn)
    if mine is None:
        return False
    try:
        return not locks.is_held(files.users)
    finally:
        mine.release()


def _stop(child: Child) -> None:
    child.ask_to_stop()
    if not child.wait(STOP_SECONDS):
        child.kill()  # both services are built to survive this


def _say(text: str) -> None:
    _tell(f"say {text}")


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
