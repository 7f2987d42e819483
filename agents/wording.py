"""A version's rules in sentences, for people who compare and review them."""

from agents.policies import Level, Policy
from agents.teams import Routing


def chain_in_words(policy: Policy) -> str:
    """Who is asked before a call, in which order, and what happens if nobody says anything."""
    when = "" if policy.when == "always" else f"When {policy.when}: "
    return when + ", then ".join(map(_asked, policy.levels))


def rules_in_words(routing: Routing) -> str:
    """How a conversation is handed over."""
    next_turn = "whoever it was handed to" if routing.next_turn == "sticky" else "this agent"
    shown = "the whole conversation" if routing.history == "all" else "the question alone"
    rules = f"From a confidence of {routing.threshold:g}, at most {routing.most} times; they are shown {shown}; "
    return f"{rules}the next question goes to {next_turn}."


def _asked(level: Level) -> str:
    """`2 of the group Managers within 72 h, else it is denied`."""
    kind, _, name = level.who.partition(":")
    who = {"requester": "the person who asked", "staff": "the staff", "group": f"the group {name}"}.get(kind, name)
    number = f"{level.needed} of " if level.needed > 1 else ""
    otherwise = "the next is asked" if level.on_expiry == "escalate" else "it is denied"
    return f"{number}{who} within {level.expires_hours:g} h, else {otherwise}"
