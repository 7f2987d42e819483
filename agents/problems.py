"""What is wrong with an agent's configuration, each in a sentence that says where. Pure: rows are read elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from agents import conditions
from agents.memory_settings import MemorySettings
from agents.models import AgentVersion
from agents.output import problem_of_schema
from agents.policies import ALWAYS, NEVER, Policy
from agents.teams import HAND_OFF, MOST_DEPTH, HandOff, Routing, Task, tool_name

LIMITS = {
    "max_turns": (1, 200, "Turns"),
    "max_tool_calls": (0, 1000, "Tool calls"),
    "max_tokens": (1, 2_000_000_000, "Tokens"),
    "max_cost": (0, 100_000, "Cost"),
    "max_active_seconds": (5, 86_400, "Active time"),
}
MAY_BE_EMPTY = {"max_tokens", "max_cost"}
SET_BY_US = {"model", "messages", "tools", "stream", "stream_options", "n"}
LONGEST_INSTRUCTIONS = 100_000


@dataclass(frozen=True)
class Problem:
    """`field` is the version's field it is about. A warning does not stop anybody."""

    field: str
    words: str
    is_warning: bool = False


@dataclass(frozen=True)
class Neighbour:
    """Another agent, as its live version has it. `is_there`: switched on, with a version that is live."""

    is_there: bool = True
    children: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    has_tools: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What a configuration may refer to. `llm_name` is the connection's; None: the demo model answers.

    `arguments` are those of each tool that takes no others.
    """

    tools: frozenset[str] = frozenset()
    arguments: dict[str, frozenset[str]] = field(default_factory=dict)
    agents: dict[str, Neighbour] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()  # in small letters
    llm_name: str | None = None


def problems_of(version: AgentVersion, around: Surroundings) -> list[Problem]:
    """All that is wrong, in the order of the form; warnings among them. Nothing is read or saved."""
    checks = (_of_words, _of_llm, _of_tools, _of_policies, _of_team, _of_form, _of_memory, _of_limits)
    return [problem for check in checks for problem in check(version, around)]


def stopping(problems: list[Problem]) -> list[Problem]:
    """Those a version cannot be saved with."""
    return [problem for problem in problems if not problem.is_warning]


def targets_of(version: AgentVersion) -> tuple[str, ...]:
    """The slugs it may hand over to; none where that cannot be read."""
    targets = version.handoffs.get("targets") if isinstance(version.handoffs, dict) else None
    return tuple(targets) if isinstance(targets, dict) else ()


def _of_words(version: AgentVersion, around: Surroundings) -> Iterator[Problem]:
    if not version.instructions.strip():
        yield Problem("instructions", "Instructions: say what the agent is to do.")
    if len(version.instructions) > LONGEST_INSTRUCTIONS:
        yield Problem("instructions", f"Instructions: at most {LONGEST_INSTRUCTIONS:,} characters fit.")


def _of_llm(version: AgentVersion, around: Surroundings) -> Iterator[Problem]:
    if around.llm_name is None and version.llm_name:
        words = f"Model: no endpoint is connected, so the demo model answers instead of {version.llm_name}."
        yield Problem("llm_name", words, is_warning=True)
    if around.llm_name == "" and not version.llm_name:
        yield Problem("llm_name", "Model: the connection names no model, so name one here.")
    names = version.fallback_llm_names
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        yield Problem("fallback_llm_names", "Fallback models: write a list of names.")
    elif version.llm_name and version.llm_name in names:
        yield Problem("fallback_llm_names", f"Fallback models: {version.llm_name} is the model itself.")
    if not isinstance(version.parameters, dict):
        yield Problem("parameters", 'Parameters: write a JSON object, for example {"temperature": 0.2}.')
    elif taken := sorted(SET_BY_US & version.parameters.keys()):
        yield Problem("parameters", f"Parameters: {', '.join(taken)} cannot be set here; Plumbline sets it itself.")


def _of_tools(version: AgentVersion, around: Surroundings) -> Iterator[Problem]:
    for name in version.tools:
        if name not in around.tools:
            yield Problem("tools", f"Tools: there is no tool named {name}.")
    if len(set(version.tools)) < len(version.tools):
        yield Problem("tools", "Tools: one is named twice.")
    if taken := _team_tools(version) & set(version.tools):
        yield Problem("tools", f"Tools: {', '.join(sorted(taken))} is also what its team is called by.")


def _of_policies(version: AgentVersion, around: Surroundings) -> Iterator[Problem]:
    if not isinstance(version.approvals, dict):
        yield Problem("approvals", "Approvals: they must be an object, one policy a tool.")
        return
    offered = set(version.tools) | _team_tools(version)
    for tool, given in version.approvals.items():
        if tool not in offered:
            yield Problem("approvals", f"Approvals: there is a policy for {tool}, which this agent does not have.")
            continue
        try:
            policy = Policy.model_validate(given)
        except ValidationError as error:
            yield Problem("approvals", f"Approvals of {tool}: {_first(error)}.")
            continue
        yield from _of_condition(tool, policy, _taken_by(tool, version, around))
        for number, level in enumerate(policy.levels, start=1):
            yield from _of_deciders(tool, number, level.who, around)
        if policy.levels[-1].on_expiry == "escalate":
            words = "on expiry it asks the next level, and there is none: it is denied then."
            yield Problem("approvals", f"Approvals of {tool}, level {len(policy.levels)}: {words}", is_warning=True)


def _taken_by(tool: str, version: AgentVersion, around: Surroundings) -> frozenset[str] | None:
    """The arguments of a tool; None where it takes whatever comes."""
    if tool in version.tools:
        return around.arguments.get(tool)
    return frozenset((HandOff if tool == HAND_OFF else Task).model_fields)


def _of_condition(tool: str, policy: Policy, taken: frozenset[str] | None) -> Iterator[Problem]:
    """A name the tool does not know is always empty: the condition would ask always, or never."""
    if policy.when in (ALWAYS, NEVER) or taken is None:
        return
    for name in conditions.read(policy.when).names:
        if name not in taken:
            has = f"it has {', '.join(sorted(taken))}" if taken else "it has none"
            yield Problem("approvals", f"Approvals of {tool}: its condition names {name}, no argument of it; {has}.")


def _of_deciders(tool: str, number: int, who: str, around: Surroundings) -> Iterator[Problem]:
    """Those who do not exist may come to exist: a warning, because until then nobody can decide."""
    kind, _, name = who.partition(":")
    missing = ""
    if kind == "group" and name not in around.groups:
        missing = f"there is no group {name}"
    if kind == "user" and name.lower() not in around.emails:
        missing = f"nobody has the e-mail address {name}"
    if missing:
        yield Problem("approvals", f"Approvals of {tool}, level {number}: {missing}.", is_warning=True)


def _of_team(version: AgentVersion, around: Surroundings) -> Iterator[Problem]:
    slug = version.agent.slug
    yield from _of_members("children", "Children", version.children, slug, around)
    called = [tool_name(child) for child in version.children]
    if twice := sorted({name for name in called if called.count(name) > 1}):
        yield Problem("children", f"Children: two of them would be called {', '.join(twice)}.")
    if not version.handoffs:
        targets: tuple[str, ...] = ()
    else:
        try:
            targets = tuple(Routing.model_validate(version.handoffs).targets)
        except ValidationError as error:
            yield Problem("handoffs", f"Hand-offs: {_first(error)}.")
            return
        yield from _of_members("handoffs", "Hand-offs", list(targets), slug, around)
        yield from _of_purposes(version.handoffs["targets"])
    if circle := _circle(slug, tuple(version.children), targets, around):
        yield Problem("children", f"Children: the tasks would go round in a circle ({' → '.join(circle)}).")
    elif (depth := _depth(tuple(version.children), around)) > MOST_DEPTH:
        words = f"its tasks can be passed on {depth} times, and only {MOST_DEPTH} are: the last do it alone."
        yield Problem("children", f"Children: {words}", is_warning=True)
    if targets and not _has_exit(slug, targets, around):
        words = "everyone reached from here only hands on again. Let one answer: without hand-offs, or with tools."
        yield Problem("handoffs", f"Hand-offs: there is no way out of them: {words}")


def _of_members(where: str, title: str, slugs: list[str], own: str, around: Surroundings) -> Iterator[Problem]:
    for slug in slugs:
        if slug == own:
            yield Problem(where, f"{title}: an agent cannot turn to itself.")
        elif slug not in around.agents:
            yield Problem(where, f"{title}: there is no agent {slug}.")
        elif not around.agents[slug].is_there:
            words = f"{title}: {slug} is switched off or has no live version, so nothing goes there."
            yield Problem(where, words, is_warning=True)


def _of_purposes(targets: dict[str, str]) -> Iterator[Problem]:
    for slug, purpose in targets.items():
        if not purpose.strip():
            yield Problem("handoffs", f"Hand-offs: say what {slug} is for; the model chooses by it.")


def _of_form(version: AgentVersion, around: Surroundings) -> Iterator[Problem]:
    if version.output_schema is None:
        return
    if problem := problem_of_schema(version.output_schema):
        yield Problem("output_schema", f"Form of the answer: this is no JSON Schema. {problem}")


def _of_memory(version: AgentVersion, around: Surroundings) -> Iterator[Problem]:
    try:
        MemorySettings.model_validate(version.memory)
    except ValidationError as error:
        yield Problem("memory", f"Memory: {_first(error)}.")


def _of_limits(version: AgentVersion, around: Surroundings) -> Iterator[Problem]:
    for name, (least, most, title) in LIMITS.items():
        value = getattr(version, name)
        if value is None and name in MAY_BE_EMPTY:
            continue
        if value is None or not least <= value <= most or (name == "max_cost" and value == 0):
            yield Problem(name, f"{title}: a number from {least if name != 'max_cost' else 'more than 0'} to {most:,}.")


def _team_tools(version: AgentVersion) -> set[str]:
    called = {tool_name(slug) for slug in version.children}
    return called | {HAND_OFF} if version.handoffs else called


def _circle(slug: str, children: tuple[str, ...], targets: tuple[str, ...], around: Surroundings) -> list[str]:
    """A way from an agent back to itself on which at least one task is given; hand-offs alone have their own end."""
    ways = [([slug, child], True) for child in children] + [([slug, target], False) for target in targets]
    seen = set()
    while ways:
        path, gives_task = ways.pop(0)
        if path[-1] == slug:
            if gives_task:
                return path
            continue
        here = around.agents.get(path[-1])
        if here is None or (path[-1], gives_task) in seen:
            continue
        seen.add((path[-1], gives_task))
        ways += [([*path, child], True) for child in here.children]
        ways += [([*path, target], gives_task) for target in here.targets]
    return []


def _depth(children: tuple[str, ...], around: Surroundings, *, above: int = 0) -> int:
    """How many tasks hang below one another at most."""
    if above > MOST_DEPTH + 1:
        return 0
    below = [around.agents[child].children for child in children if child in around.agents]
    return 1 + max(_depth(next_ones, around, above=above + 1) for next_ones in below) if below else 0


def _has_exit(slug: str, targets: tuple[str, ...], around: Surroundings) -> bool:
    """Whether somebody can be reached who does more than hand over."""
    waiting, seen = list(targets), {slug}
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        here = around.agents.get(name)
        if here is None or not here.targets or here.has_tools or here.children:
            return True
        waiting += here.targets
    return False


def _first(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(map(str, problem["loc"]))
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])
