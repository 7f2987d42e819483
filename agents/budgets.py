"""Limits of tokens and money: reserved before an LLM is called, settled with what it really used.

A run has the limits of its agent's version; a person has those of the day (UTC), over all runs, by the ledger
`DailyUsage`. The reservation is the request's own tokens and what the answer may take; where the agent names no longest
answer a thousand tokens are assumed, so a longer one may pass a limit by itself, and then nothing follows it.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, Sum

from agents.llm import pricing, tokens
from agents.llm.base import LLMRequest, Usage
from agents.models import AgentVersion, CallStatus, DailyUsage, Run, RunStatus, StopReason

ASSUMED_ANSWER = 1000
LOCK = 0x62756467  # any number of our own, for advisory locks
UNKNOWN_PRICE = "The price of the model is unknown, so with a limit of money set it is not called."

SPEND = """
INSERT INTO agents_dailyusage (user_id, day, tokens, cost) VALUES (%(user)s, %(day)s, %(tokens)s, %(cost)s)
ON CONFLICT (user_id, day) DO UPDATE
   SET tokens = agents_dailyusage.tokens + EXCLUDED.tokens, cost = agents_dailyusage.cost + EXCLUDED.cost
"""


class OverBudget(Exception):
    """The next LLM call would pass a limit. `words` are for the person who asked."""

    def __init__(self, reason: StopReason, words: str):
        super().__init__(words)
        self.reason = reason
        self.words = words


@dataclass(frozen=True)
class Need:
    """What one LLM call may use. No cost: the price of a model it may go to is unknown."""

    tokens: int
    cost: Decimal | None


def has_limits(run: Run) -> bool:
    """Whether anything limits the tokens or the money of this run."""
    limiting = [run.agent_version, *([run.root.agent_version] if run.root else [])]
    has_own = any(version.max_tokens is not None or version.max_cost is not None for version in limiting)
    return has_own or bool(run.user_id and (settings.USER_DAILY_TOKENS or settings.USER_DAILY_COST))


def need_of(request: LLMRequest, llm_names: list[str], provider: str) -> Need:
    """The most that a call of one of these models is expected to use."""
    taken = tokens.count_messages(request.messages, request.llm_name)
    usage = Usage(input=taken, output=longest_answer(request.parameters))
    costs = [pricing.price(name, usage, provider=provider) for name in llm_names]
    known = [cost for cost in costs if cost is not None]
    return Need(usage.input + usage.output, max(known) if len(known) == len(costs) else None)


def longest_answer(parameters: dict[str, Any]) -> int:
    """The tokens an answer may take, as an LLM's parameters say it."""
    return int(parameters.get("max_completion_tokens") or parameters.get("max_tokens") or ASSUMED_ANSWER)


def check(run: Run, need: Need) -> None:
    """Raises OverBudget if the call does not fit. Inside the transaction that reserves it."""
    _check_limits(run.agent_version, run.input_tokens + run.output_tokens, run.cost, need)
    if run.root and (run.root.agent_version.max_tokens is not None or run.root.agent_version.max_cost is not None):
        _check_tree(run, need)
    if run.user_id is not None and (settings.USER_DAILY_TOKENS or settings.USER_DAILY_COST):
        check_day(run.user_id, need, besides=run.pk)


def _check_limits(version: AgentVersion, used: int, cost: Decimal | None, need: Need) -> None:
    if version.max_tokens is not None and used + need.tokens > version.max_tokens:
        raise OverBudget(StopReason.MAX_TOKENS, f"This answer reached its limit of {version.max_tokens:,} tokens.")
    if version.max_cost is None:
        return
    if need.cost is None or cost is None:
        raise OverBudget(StopReason.MAX_COST, UNKNOWN_PRICE)
    if cost + need.cost > version.max_cost:
        raise OverBudget(StopReason.MAX_COST, f"This answer reached its limit of ${version.max_cost.normalize():f}.")


def _check_tree(run: Run, need: Need) -> None:
    """A child agent's call must fit the limits at its root, with all that the team has used and holds reserved.

    What a child has used counts for its parent once its answer is taken in, and for itself until then.
    """
    assert run.root is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(run.root_id)])
    at_work = Q(root=run.root_id, parent_call__status=CallStatus.DELEGATED)
    team = list(Run.objects.filter(at_work | Q(pk=run.root_id)))
    used = sum(one.input_tokens + one.output_tokens for one in team)
    held = [one for one in team if one.pk != run.pk]
    costs = [one.cost for one in team]
    cost = None if None in costs else sum((one for one in costs if one is not None), Decimal())
    if cost is not None:
        cost += sum((one.reserved_cost for one in held), Decimal())
    _check_limits(run.root.agent_version, used + sum(one.reserved_tokens for one in held), cost, need)


def check_day(user_id: int, need: Need, *, besides: uuid.UUID | None = None) -> None:
    """Raises OverBudget if a call does not fit into what a person may use today.

    What their runs hold reserved counts as used, `besides` that of one run. One check at a time for each person.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, user_id])
    used = DailyUsage.objects.filter(user=user_id, day=today()).first() or DailyUsage()
    others = Run.objects.filter(user=user_id, status=RunStatus.RUNNING).exclude(pk__in=[besides] if besides else [])
    held = others.aggregate(tokens=Sum("reserved_tokens", default=0), cost=Sum("reserved_cost", default=Decimal()))
    if settings.USER_DAILY_TOKENS and used.tokens + held["tokens"] + need.tokens > settings.USER_DAILY_TOKENS:
        words = f"You have used today's {settings.USER_DAILY_TOKENS:,} tokens. There are new ones after midnight (UTC)."
        raise OverBudget(StopReason.DAILY_LIMIT, words)
    if not settings.USER_DAILY_COST:
        return
    if need.cost is None:
        raise OverBudget(StopReason.MAX_COST, UNKNOWN_PRICE)
    if used.cost + held["cost"] + need.cost > settings.USER_DAILY_COST:
        words = f"You have used today's ${settings.USER_DAILY_COST.normalize():f}. There is more after midnight (UTC)."
        raise OverBudget(StopReason.DAILY_LIMIT, words)


def spend(user_id: int | None, used: int, cost: Decimal) -> None:
    """Write what a call really used into its person's ledger, in the transaction that stores its reply."""
    if user_id is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(SPEND, {"user": user_id, "day": today(), "tokens": used, "cost": cost})


def today() -> date:
    return datetime.now(UTC).date()
