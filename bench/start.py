"""How long until the first page, and what an idle Plumbline weighs: `python -m bench.start`."""

import os
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from bench.processes import answers, running, until
from bench.targets import free_port

STARTS = 3
IDLE_SECONDS = 10
ROLES = {"daphne": "web", "worker": "worker", "beat": "beat", "serve": "supervisor"}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        env = os.environ | {"VAR_DIR": str(folder / "var"), "PORT": str(free_port())}
        print(f"first start to first page: {seconds_to_first_page(env, folder):.1f} s (the database is made)")
        again = [seconds_to_first_page(env, folder) for _ in range(STARTS)]
        spread = f"{min(again):.1f}–{max(again):.1f}"
        print(f"second start to first page: {statistics.median(again):.1f} s (of {STARTS}: {spread})")
        weigh(env, folder)


def seconds_to_first_page(env: dict[str, str], folder: Path) -> float:
    begun = time.monotonic()
    with running(["bin/run"], core=every_core(), env=env, log=folder / "run.log"):
        until(lambda: answers(page(env)), "the first page is there")
        return time.monotonic() - begun


def weigh(env: dict[str, str], folder: Path) -> None:
    """Memory after some idle seconds: resident, and proportional (shared pages divided among their users)."""
    with running(["bin/run"], core=every_core(), env=env, log=folder / "run.log") as supervisor:
        until(lambda: answers(page(env)), "the first page is there")
        time.sleep(IDLE_SECONDS)
        weights = {role_of(process): process.memory_full_info() for process in family(supervisor)}
        rss = {role: info.rss / 1e6 for role, info in weights.items()}
        pss = {role: info.pss / 1e6 for role, info in weights.items()}
    counted = ("web", "worker", "beat")
    for role in sorted(rss):
        print(f"idle {role}: RSS {rss[role]:.0f} MB, PSS {pss[role]:.0f} MB")
    total = [sum(weight.get(role, 0) for role in counted) for weight in (rss, pss)]
    print(f"idle {' + '.join(counted)}: RSS {total[0]:.0f} MB, PSS {total[1]:.0f} MB")


def family(supervisor: psutil.Process) -> list[psutil.Process]:
    """The supervisor and its children; the services have a keeper of their own and are not ours to weigh."""
    return [one for one in [supervisor, *supervisor.children(recursive=True)] if role_of(one)]


def role_of(process: psutil.Process) -> str:
    words = process.cmdline()
    return next((role for word, role in ROLES.items() if word in words), "")


def page(env: dict[str, str]) -> str:
    return f"http://127.0.0.1:{env['PORT']}/accounts/log-in/"


def every_core() -> set[int]:
    return os.sched_getaffinity(0)


if __name__ == "__main__":
    main()
