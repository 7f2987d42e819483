"""The whole stack under load, beside relays that store nothing, in one session: `python -m bench.chat --help`."""

import argparse
import asyncio
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.processes import DRIVER_CORE, Elsewhere, cpu_ms
from bench.talkers import Talker, Timing
from bench.targets import Bench, Target, free_port

ROUNDS = {1: 5, 10: 3, 50: 2}  # how often everybody presses Enter; above that, twice or as `--rounds` says
TARGETS = ["plumbline", "relay", "floor"]


@dataclass(frozen=True)
class Row:
    delay_ms: float
    users: int
    target: str
    ok: int
    failed: int
    first_p50: float
    first_p95: float
    answer_p50: float
    answer_p95: float
    answers_a_second: float
    cpu_ms_an_answer: float
    rss_mb: float
    elsewhere_per_cent: float


def main() -> None:
    options = parsed()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plumbline-bench-")))
        folder.chmod(0o755)
        bench = stack.enter_context(prepared(folder, people=max(options.users)))
        os.sched_setaffinity(0, DRIVER_CORE)
        print(head())
        rows = []
        for row in measured(bench, options):
            print(line(row), flush=True)
            rows.append(asdict(row))
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=lambda text: text.split(","), default=TARGETS, help=",".join(TARGETS))
    parser.add_argument("--users", type=numbers, default=[1, 10, 50, 100], help="how many at once: 1,10,50,100")
    parser.add_argument("--delays", type=numbers, default=[0, 20], help="milliseconds per token: 0,20")
    parser.add_argument("--rounds", type=int, default=0, help="how often everybody presses Enter")
    parser.add_argument("--out", type=Path, help="a file for the rows as JSON")
    return parser.parse_args()


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


@contextmanager
def prepared(folder: Path, *, people: int) -> Iterator[Bench]:
    """Services of our own, durable as in production, and accounts for everybody."""
    from config import services

    os.environ |= {"VAR_DIR": str(folder), "PORT": str(free_port()), "DJANGO_SETTINGS_MODULE": "config.settings"}
    with services.running(folder, say=lambda words: None) as found:
        os.environ |= {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}
        bench = Bench(folder, people)
        bench.prepare()
        yield bench


def measured(bench: Bench, options: argparse.Namespace) -> Iterator[Row]:
    for delay in options.delays:
        with bench.llm(delay) as llm_url:
            for name in options.targets:
                with bench.target(name, llm_url) as target:
                    for users in options.users:
                        rounds = options.rounds or ROUNDS.get(users, 2)
                        yield asyncio.run(measure(target, delay=delay, users=users, rounds=rounds))


async def measure(target: Target, *, delay: float, users: int, rounds: int) -> Row:
    talkers = target.talkers[:users]
    await asyncio.gather(*(talker.open() for talker in talkers))
    await asyncio.gather(*(talker.ask() for talker in talkers[:5]))  # nobody's first question is timed
    gc.disable()
    elsewhere, cpu, seconds, timings = Elsewhere(), cpu_ms(target.processes), 0.0, []
    own = time.process_time()
    for _ in range(rounds):
        begun = time.perf_counter()
        timings += await asyncio.gather(*(asked(talker) for talker in talkers))
        seconds += time.perf_counter() - begun
    cpu = cpu_ms(target.processes) - cpu
    others = elsewhere.per_cent(cpu + (time.process_time() - own) * 1000)
    gc.enable()
    rss = sum(process.memory_info().rss for process in target.processes) / 1e6
    await asyncio.gather(*(talker.close() for talker in talkers))
    return row_of(target.name, delay, users, timings, seconds, cpu, rss, others)


async def asked(talker: Talker) -> Timing:
    try:
        return await talker.ask()
    except (TimeoutError, OSError):
        return Timing(0, 0, is_ok=False)


def row_of(
    name: str, delay: float, users: int, timings: list[Timing], seconds: float, cpu: float, rss: float, others: float
) -> Row:
    good = [timing for timing in timings if timing.is_ok]
    firsts = [timing.first - delay for timing in good]  # the LLM's own time to its first token is not ours
    wholes = [timing.whole for timing in good]
    return Row(
        delay_ms=delay,
        users=users,
        target=name,
        ok=len(good),
        failed=len(timings) - len(good),
        first_p50=percentile(firsts, 50),
        first_p95=percentile(firsts, 95),
        answer_p50=percentile(wholes, 50),
        answer_p95=percentile(wholes, 95),
        answers_a_second=len(good) / seconds,
        cpu_ms_an_answer=cpu / max(1, len(good)),
        rss_mb=rss,
        elsewhere_per_cent=others,
    )


def percentile(values: Sequence[float], per_cent: int) -> float:
    if len(values) < 2:
        return values[0] if values else float("nan")
    return statistics.quantiles(values, n=100, method="inclusive")[per_cent - 1]


def head() -> str:
    names = [
        "ms/token", "users", "target", "ok / failed", "added first token p50 / p95 ms", "answer p50 / p95 ms",
        "answers/s", "CPU ms/answer", "RSS MB", "elsewhere %",
    ]  # fmt: skip
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}"


def line(row: Row) -> str:
    cells = [
        f"{row.delay_ms:g}", f"{row.users}", row.target, f"{row.ok} / {row.failed}",
        f"{row.first_p50:,.0f} / {row.first_p95:,.0f}", f"{row.answer_p50:,.0f} / {row.answer_p95:,.0f}",
        f"{row.answers_a_second:.1f}", f"{row.cpu_ms_an_answer:.1f}", f"{row.rss_mb:.0f}",
        f"{row.elsewhere_per_cent:.0f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
