"""How long a team takes: children that work at the same time, beside the same children one after the other.

`python -m bench.teams --children 2 4 --seconds 2 --rounds 3`. Each child calls a tool that sleeps; the model answers at
once. So what is more than the time of one child is what Plumbline adds.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

from bench.drills import CLOCKS, prepared
from tests.llm import Call, call

if TYPE_CHECKING:
    from tests.drills.talk import Talk

MOST = 8  # tasks of one run


def main() -> None:
    options = parsed()
    with prepared(CLOCKS["production"]) as (stack, rule):
        from tests import cast
        from tests.drills.agents import ledger_agent
        from tests.drills.talk import Talk

        alice = cast.person("Alice")
        ledger_agent("sleeper", tools=["ledger_nap"])
        manager = ledger_agent("sleepers", tools=[], children=["sleeper"])
        talk = Talk(stack, stack.open(alice), alice, manager.slug)
        taken(talk, [1], 0)  # the first run of a process imports things
        print("\n".join(table(talk, options)))
        talk.socket.close()
        if rule.problems:
            raise SystemExit("\n".join(rule.problems))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--seconds", type=float, default=2, help="what each child sleeps")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not all(1 <= number <= MOST for number in options.children):
        parser.error(f"A run may give one to {MOST} tasks.")
    return options


def table(talk: "Talk", options: argparse.Namespace) -> Iterator[str]:
    """Medians of the rounds. `batches` says how many children work at the same time, and then how many, and so on."""
    seconds = options.seconds

    def median(batches: list[int]) -> float:
        return statistics.median(taken(talk, batches, seconds) for _ in range(options.rounds))

    alone = median([1])
    yield f"{seconds:g} s a child, {options.rounds} rounds, medians; one child alone: {alone:.2f} s"
    yield "| children | at once s | one after the other s | all they sleep s | at once / alone | at once / in turn |"
    yield "|---|---|---|---|---|---|"
    for number in options.children:
        together, in_turn = median([number]), median([1] * number)
        ratios = f"{together / alone:.2f} | {together / in_turn:.2f}"
        yield f"| {number} | {together:.2f} | {in_turn:.2f} | {number * seconds:.2f} | {ratios} |"


def taken(talk: "Talk", batches: list[int], seconds: float) -> float:
    """From the question to the end of the answer, as its person sees it."""
    from tests.drills.obedient import Plan

    nap = call("ledger_nap", note="z", seconds=seconds)
    numbers = count()  # the same task again and again would be stopped

    def task() -> Call:
        return call("ask_sleeper", task=Plan(f"Sleep {next(numbers)}", ((nap,),)).text)

    plan = Plan("Team", tuple(tuple(task() for _ in range(size)) for size in batches))
    begun = time.monotonic()
    run = talk.ask(plan)
    end = talk.socket.end(run)
    if end["type"] != "RUN_FINISHED":
        raise SystemExit(f"The run failed: {end}")
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
