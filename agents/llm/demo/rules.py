"""The rules, in the order they are tried. A new skill is a new function in `RULES`."""

import re
from collections.abc import Callable

from agents.llm.demo import talk
from agents.llm.demo.arithmetic import expressions
from agents.llm.demo.clauses import Clause, clauses
from agents.llm.demo.clock import asked_places
from agents.llm.demo.recalling import recalling
from agents.llm.demo.remembering import remembering
from agents.llm.demo.steps import Ask, Say, Step

Rule = Callable[[Clause, frozenset[str]], list[Step]]

MOST_SEARCHES = 3
QUERY_CHARS = 400
SEARCH_WORDS = re.compile(
    r"^(?:please\s+)?(?:(?:can|could|would)\s+you\s+)?(?:please\s+)?"
    r"(?:search|look|find|check|tell me|show me|explain|describe|summari[sz]e|quote|list)\b\s*"
    r"(?:(?:in|up|through|out)\s+)?(?:(?:the|my|our|your)\s+(?:documents?|files?|knowledge(?: base)?)\b\s*)?"
    r"(?:(?:for|about)\s+)?",
    re.IGNORECASE,
)


def plan(message: str, offered: frozenset[str]) -> list[Step]:
    """What to call and what to say. The same message and tools always give the same plan."""
    steps: list[Step] = []
    rest: list[Clause] = []
    for clause in clauses(message):
        found = _by_rule(clause, offered)
        steps += found
        if not found:
            rest.append(clause)
    real = [step for step in steps if not (isinstance(step, Say) and step.is_small_talk)]
    real += _search(rest, offered, is_beside_others=bool(real))
    return real or steps[:1] or [Say(talk.help_text(offered))]


def _by_rule(clause: Clause, offered: frozenset[str]) -> list[Step]:
    for rule in RULES:
        if found := rule(clause, offered):
            return found
    return []


def time_and_arithmetic(clause: Clause, offered: frozenset[str]) -> list[Step]:
    return [*_time(clause.text, offered), *_arithmetic(clause.text, offered)]


def small_talk(clause: Clause, offered: frozenset[str]) -> list[Step]:
    said = talk.small_talk(clause.text)
    return [Say(said, is_small_talk=True)] if said else []


def help_and_examples(clause: Clause, offered: frozenset[str]) -> list[Step]:
    if talk.asks_for_help(clause.text):
        return [Say(talk.help_text(offered))]
    if shown := talk.example(clause.text):
        return [Say(shown)]
    return [Say(talk.beyond_me(offered))] if talk.asks_for_invention(clause.text) else []


RULES: list[Rule] = [remembering, recalling, help_and_examples, time_and_arithmetic, small_talk]


def _time(text: str, offered: frozenset[str]) -> list[Step]:
    places = asked_places(text)
    if places is None:
        return []
    if "current_time" not in offered:
        return [Say(talk.MISSING_CLOCK)]
    unknown: list[Step] = [Say(talk.unknown_place(name)) for name in places.unknown]
    return [*(Ask("current_time", {"timezone": zone}) for zone in places.zones), *unknown]


def _arithmetic(text: str, offered: frozenset[str]) -> list[Step]:
    found = expressions(text)
    if found and "calculator" not in offered:
        return [Say(talk.MISSING_CALCULATOR)]
    return [Ask("calculator", {"expression": expression}) for expression in found]


def _search(rest: list[Clause], offered: frozenset[str], *, is_beside_others: bool) -> list[Step]:
    """Whatever no rule understood is looked up: the documents may know. A mere statement beside a request is not."""
    questions = [clause for clause in rest if clause.is_question]
    if not rest or (is_beside_others and not questions):
        return []
    if "search_knowledge" not in offered:
        return [Say(talk.beyond_me(offered))]
    if not questions and any(clause.is_statement for clause in rest):
        return [Say(talk.NOT_A_QUESTION)]
    if len(questions) < 2:  # sentences around the one question say what it is about
        return _searches([". ".join(clause.text for clause in rest)])
    return _searches([clause.text for clause in questions[:MOST_SEARCHES]])


def _searches(texts: list[str]) -> list[Step]:
    queries = [SEARCH_WORDS.sub("", text)[:QUERY_CHARS].strip() or text[:QUERY_CHARS] for text in texts]
    return [Ask("search_knowledge", {"query": query}) for query in dict.fromkeys(queries)]
