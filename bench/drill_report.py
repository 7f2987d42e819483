"""What the long drill found."""

import argparse
import os
import statistics
from collections import Counter

from agents.models import Handoff, Run
from bench.drill_faults import Faults, Watch
from bench.drill_people import Conversation, People
from tests.drills.checker import Problem, Wrong, problems_of, problems_of_person, problems_of_stream
from tests.drills.ledger.book import executions
from tests.drills.obedient import ObedientLLM
from tests.drills.teams import team_of
from tests.fold import View

OUTCOMES = {"completed": "success", "cancelled": "cancelled", "failed": "error", "dead": "error"}


def report(
    people: People, faults: Faults, watch: Watch, rule: ObedientLLM, options: argparse.Namespace, load: float
) -> int:
    """Print the table; how many things were wrong."""
    asked = Run.objects.filter(thread__in=[talk.thread for talk in people.talks if talk.thread])
    runs = [member for root in asked for member in team_of(root)]
    wrong = [problem for talk in people.talks for problem in _problems(talk, people.operators.resumed)]
    wrong += [Problem(Wrong.UNBALANCED, words) for words in rule.problems]
    kinds = Counter(problem.wrong for problem in wrong)
    statuses = Counter(run.status for run in runs)
    operators, struck = people.operators, faults.struck
    rows = {
        "minutes": f"{options.minutes:g}, seed {options.seed}",
        "conversations": f"{options.talks}, {options.workers} workers, {options.clocks} clocks",
        "load of the machine before, after": f"{load:.1f}, {os.getloadavg()[0]:.1f}",
        "runs": ", ".join([f"{len(runs)}", *(f"{status} {many}" for status, many in statuses.items())]),
        "of them tasks of other agents, hand-offs": f"{len(runs) - len(asked)}, {_handed_over(runs)}",
        "tool executions": sum(len(executions(run.pk)) for run in runs),
        "approvals decided, outcomes settled": f"{operators.decided}, {operators.settled}",
        "recoveries": sum(run.recoveries for run in runs),
        "set aside, and sent back to work": len(operators.resumed),
        "faults": f"{struck.total()}: " + ", ".join(f"{kind} {many}" for kind, many in struck.most_common()),
        "takeover p50 / max": _seconds(watch.takeovers),
        "sockets cut": people.line.cuts,
    } | {f"**{kind}**": kinds[kind] for kind in Wrong}
    print("\n".join(["| what | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]))
    for problem in wrong[:40]:
        print(f"{problem.wrong}: {problem.words}")
    return len(wrong)


def _problems(talk: Conversation, resumed: set[str]) -> list[Problem]:
    if talk.trouble:
        return [Problem(Wrong.DIFFERENT, talk.trouble)]
    if not talk.thread:
        return []
    found = [*problems_of(talk.thread, talk.accepted), *problems_of_person(talk.user)]
    found += [Problem(Wrong.STUCK, f"nobody saw the end of {run}") for run in talk.stuck]
    talk.socket.by_way_of(talk.address)
    talk.socket.come_back(talk.thread)
    for run in [member for root in Run.objects.filter(thread=talk.thread).shown() for member in team_of(root)]:
        try:
            talk.socket.until_status(str(run.pk), OUTCOMES.get(run.status, "an end"))
        except AssertionError as error:
            found.append(Problem(Wrong.DIFFERENT, f"run {run.pk} is {run.status}. {str(error).splitlines()[0]}"))
        if str(run.pk) not in resumed:
            found += problems_of_stream(run, talk.socket.events)
    live, fresh = talk.socket.view.lasting, View(talk.page()).lasting
    if live != fresh:
        runs = [one["id"] for one in fresh if one not in live] or "their number or order"
        found.append(Problem(Wrong.DIFFERENT, f"what {talk.user} sees live, and on a fresh page: {runs}"))
    return found


def _handed_over(runs: list[Run]) -> int:
    return Handoff.objects.filter(run__in=runs).count()


def _seconds(values: list[float]) -> str:
    if not values:
        return "none"
    return f"{statistics.median(values):.1f} s / {max(values):.1f} s ({len(values)})"
