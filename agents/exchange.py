"""Agents as YAML: from one Plumbline into another, or through a review. Out and in again is the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import yaml
from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from accounts.models import User
from agents.comparison import differences
from agents.models import Agent, AgentVersion
from agents.problems import problems_of, stopping
from agents.refusals import Refused
from agents.versions import configuration_of, make_live, save_version, surroundings

LARGEST_FILE = 1_000_000
MOST_AGENTS = 100


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class WrittenAgent(_Part):
    slug: str = Field(pattern=r"^[a-z0-9_-]{1,48}$")
    name: str = Field(min_length=1, max_length=80)
    description: str = Field(default="", max_length=300)
    suggestions: list[str] = Field(default=[], max_length=4)
    is_offered: bool = True


class WrittenVersion(_Part):
    note: str = Field(default="", max_length=300)
    instructions: str
    llm_name: str = Field(default="", max_length=120)
    fallback_llm_names: list[str] = []
    parameters: dict[str, Any] = {}
    tools: list[str] = []
    approvals: dict[str, Any] = {}
    children: list[str] = []
    handoffs: dict[str, Any] = {}
    output_schema: dict[str, Any] | None = None
    memory: dict[str, Any] = {}
    max_turns: int = 12
    max_tool_calls: int = 64
    max_tokens: int | None = None
    max_cost: Annotated[Decimal, Field(strict=False, max_digits=10, decimal_places=4)] | None = None
    max_active_seconds: int = 900


class Written(_Part):
    """One document: an agent, and one version of it."""

    agent: WrittenAgent
    version: WrittenVersion


@dataclass(frozen=True)
class Imported:
    """What came of one document. `version` is None where nothing differs from the newest."""

    agent: Agent
    version: AgentVersion | None
    warnings: list[str]


def written(versions: list[AgentVersion]) -> str:
    """These versions with their agents, one YAML document each."""
    documents = [_document(version) for version in versions]
    return str(
        yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, explicit_start=True)
    )


@transaction.atomic
def import_agents(text: str, *, by: User | None, is_live: bool = False) -> list[Imported]:
    """Keep each document as the next version of its agent, made where it is new: all of them or none.

    It is a draft, and an agent that exists keeps its name, unless `is_live`. Raises Refused with the place in words.
    """
    documents = _read(text)
    # All agents before the first version: the versions may speak of one another.
    agents = [_agent(document.agent, is_live=is_live) for document in documents]
    imported = [_imported(agent, document.version, by) for agent, document in zip(agents, documents, strict=True)]
    for one in imported:
        newest = one.version or one.agent.versions.order_by("number").last()
        if is_live and newest and newest.pk != one.agent.live_id:
            newest.agent = one.agent
            make_live(newest)
    return imported


def _document(version: AgentVersion) -> dict[str, Any]:
    agent = version.agent
    called = WrittenAgent.model_construct(
        slug=agent.slug,
        name=agent.name,
        description=agent.description,
        suggestions=agent.suggestions,
        is_offered=agent.is_offered,
    )
    does = WrittenVersion.model_construct(note=version.note, **configuration_of(version))
    return {"agent": _said(called), "version": _said(does)}


def _said(part: _Part) -> dict[str, Any]:
    """What differs from the default; an amount as text, because a float would not be the same again."""
    fields = type(part).model_fields
    given = {name: getattr(part, name) for name in fields}
    return {
        name: f"{value.normalize():f}" if isinstance(value, Decimal) else value
        for name, value in given.items()
        if fields[name].is_required() or value != fields[name].default
    }


def _read(text: str) -> list[Written]:
    if len(text) > LARGEST_FILE:
        raise Refused(f"This file is too large: at most {LARGEST_FILE:,} characters are read.")
    try:
        documents = [document for document in _loaded(text) if document is not None]
    except yaml.YAMLError as error:
        raise Refused(f"This is not YAML: {_where(error)}") from None
    except (RecursionError, ValueError):
        raise Refused("This YAML cannot be read.") from None
    if not 0 < len(documents) <= MOST_AGENTS:
        raise Refused(f"There must be 1 to {MOST_AGENTS} agents in it; there are {len(documents)}.")
    found = [_checked(document, number) for number, document in enumerate(documents, start=1)]
    slugs = [document.agent.slug for document in found]
    if twice := sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        raise Refused(f"{', '.join(twice)} stands in it more than once.")
    return found


def _loaded(text: str) -> Iterator[Any]:
    loader = _Loader(text)
    try:
        while loader.check_data():
            yield loader.get_data()
    finally:
        loader.dispose()


def _checked(document: Any, number: int) -> Written:
    if not isinstance(document, dict):
        raise Refused(f"Document {number}: an agent begins with “agent:” and “version:”.")
    try:
        return Written.model_validate(document)
    except ValidationError as error:
        raise Refused("\n".join(f"Document {number}, {_words(problem)}" for problem in error.errors()[:5])) from None


def _words(problem: Any) -> str:
    place = ".".join(map(str, problem["loc"]))
    return f"{place}: there is no such key." if problem["type"] == "extra_forbidden" else f"{place}: {problem['msg']}."


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "it cannot be read"
    return f"line {mark.line + 1}: {what}." if mark else f"{what}."


def _agent(given: WrittenAgent, *, is_live: bool) -> Agent:
    names = given.model_dump(exclude={"slug"})
    agent, is_new = Agent.objects.select_related("live").get_or_create(slug=given.slug, defaults=names)
    if is_live and not is_new:
        for name, value in names.items():
            setattr(agent, name, value)
        agent.save(update_fields=list(names))
    return agent


def _imported(agent: Agent, given: WrittenVersion, by: User | None) -> Imported:
    draft = AgentVersion(agent=agent, **given.model_dump(exclude={"note"}))
    problems = problems_of(draft, surroundings(draft))
    if wrong := stopping(problems):
        raise Refused("\n".join(f"{agent.slug}: {problem.words}" for problem in wrong))
    warnings = [problem.words for problem in problems]
    newest = agent.versions.order_by("number").last()
    if newest and not differences(newest, draft):
        return Imported(agent, None, warnings)
    return Imported(agent, save_version(draft, by=by, note=given.note), warnings)


class _Loader(yaml.SafeLoader):
    """Refuses what a small file could grow large by, and keys that stand twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=self.peek_event().start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := [str(key) for key in keys if keys.count(key) > 1]:
            raise yaml.MarkedYAMLError(problem=f"{twice[0]} stands there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
