"""The long drill: conversations go on while everything below them is killed, frozen, cut, lost and rung twice.

`python -m bench.drills --minutes 5 --talks 12 --seed 7`; `--matrix` drills every cell of the crash matrix instead. The
seed decides what the people ask and which faults come in which order; the moments at which they strike are the
machine's.
"""

import argparse
import logging
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.drill_stack import DrillStack
    from tests.drills.obedient import ObedientLLM

CLOCKS = {"production": "tests.settings_drill", "short": "tests.settings_live"}


def main() -> None:
    options = parsed()
    print(f"seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Asked to stop."))  # and clean up
    with ExitStack() as opened:
        stack, rule = opened.enter_context(prepared(CLOCKS["short" if options.matrix else options.clocks]))
        wrong = matrix(stack, options) if options.matrix else soak(stack, rule, options)
    raise SystemExit(1 if wrong else 0)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--talks", type=int, default=12, help="conversations at the same time")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--every", type=float, default=6, help="seconds between two faults")
    parser.add_argument("--clocks", choices=CLOCKS, default="production", help="leases of 30 s, or of 5 s as in tests")
    parser.add_argument("--only", default="", help="only faults whose names have these words in them, as: worker,cut")
    parser.add_argument("--matrix", action="store_true", help="every cell of the crash matrix, once")
    return parser.parse_args()


@contextmanager
def prepared(settings_module: str) -> Iterator[tuple["DrillStack", "ObedientLLM"]]:
    """Services of our own, durable as in production, an LLM that obeys, and web, worker and beat on top."""
    from config import services
    from tests.llm import ScriptedLLM
    from tests.loopback import free_port

    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="plumbline-drills-")))
        folder.chmod(0o755)
        os.environ |= {
            "VAR_DIR": str(folder), "PORT": str(free_port()), "SECRET_KEY": secrets.token_hex(),
            "DJANGO_SETTINGS_MODULE": settings_module, "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        found = opened.enter_context(services.running(folder, say=lambda words: None))
        os.environ |= {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}
        import django

        django.setup()
        from django.core.management import call_command

        from bench.drill_stack import DrillStack
        from tests.drills.obedient import ObedientLLM
        from tests.drills.services.private import Place

        logging.getLogger("websockets.client").setLevel(logging.CRITICAL)  # lines are cut on purpose
        call_command("migrate", verbosity=0)
        llm = ScriptedLLM().start()
        opened.callback(llm.stop)
        llm.otherwise = rule = ObedientLLM()
        stack = DrillStack(llm.base_url, Place(folder, found.database_url, found.redis_url), settings_module)
        opened.callback(stack.stop)
        stack.start()
        yield stack, rule


def matrix(stack: "DrillStack", options: argparse.Namespace) -> int:
    """Drill every cell, those of one point together; raises where something is wrong."""
    from tests import cast
    from tests.drills.crashes import POINTS, Cell, agent_for, all_cells, drill
    from tests.drills.talk import Talk

    numbers, operator, begun = count(), cast.person("Dana", is_staff=True), time.monotonic()

    def talk_for(cell: Cell) -> Talk:
        alice = cast.person(f"Alice{next(numbers)}")
        return Talk(stack, stack.open(alice), alice, agent_for(cell))

    for point in POINTS:
        cells = [cell for cell in all_cells() if cell.point == point]
        random.Random(options.seed).shuffle(cells)
        crashes = drill(stack, cells, operator, talk_for)
        for crash in crashes:
            crash.talk.socket.close()
        stack.workers = [worker for worker in stack.workers if worker.is_running]
        print(f"{point}: {len(crashes)} cells hold", flush=True)
    print(f"{len(all_cells())} cells in {time.monotonic() - begun:.0f} s")
    return 0


def soak(stack: "DrillStack", rule: "ObedientLLM", options: argparse.Namespace) -> int:
    """Let people talk and faults happen for so long, then repair everything, wait for all ends, and look."""
    from bench.drill_faults import Faults, Watch
    from bench.drill_people import People
    from bench.drill_report import report

    while len(stack.workers) < options.workers:
        stack.start_worker()
    people = People(stack, options.talks, options.seed)
    faults, watch = Faults(stack, people, options), Watch()
    load = os.getloadavg()[0]
    people.begin()
    watch.begin()
    faults.strike(seconds=options.minutes * 60)
    faults.repair()
    people.end()
    watch.end()
    return report(people, faults, watch, rule, options, load)


if __name__ == "__main__":
    main()
