"""Reads a claimed run into plain values, so that nothing needs the database while the LLM or a tool is awaited."""

import logging
import uuid
from dataclasses import dataclass
from typing import Any, cast

from ag_ui.core import BaseEvent

from accounts.models import User
from agents import children, decisions, events, lease, output, recalling, rows
from agents.attachments import fetch_files, with_files
from agents.buffer import Buffer, Summary, turns_of
from agents.context import AgentConfig, Reminding, RunContext
from agents.journal import Journal
from agents.lease import Claim, LeaseLost
from agents.llm import connection
from agents.llm.connection import Connection, Source
from agents.memory_settings import MemorySettings
from agents.models import (
    Agent,
    AgentVersion,
    CallStatus,
    Compaction,
    Effect,
    Firing,
    Message,
    Role,
    Run,
    Thread,
    ToolCall,
)
from agents.outcomes import closing
from agents.policies import policies_of
from agents.rows import columns
from agents.teams import MOST_DEPTH, Colleague, Routing, Team, tool_name
from agents.tools.registry import tools_named
from agents.transcript import Answer, Call, Entry, Question

logger = logging.getLogger(__name__)

RUN = f"""
SELECT {columns(Run, "run")}, {columns(Thread, "thread")}, {columns(AgentVersion, "version")},
       {columns(Agent, "agent")}, {columns(User, "person")}, {columns(Firing, "firing")}
  FROM agents_run AS run
  JOIN agents_thread AS thread ON thread.id = run.thread_id
  JOIN agents_agentversion AS version ON version.id = run.agent_version_id
  JOIN agents_agent AS agent ON agent.id = version.agent_id
  LEFT JOIN accounts_user AS person ON person.id = run.user_id
  LEFT JOIN agents_firing AS firing ON firing.run_id = run.id
 WHERE run.id = %(run_id)s
"""

MESSAGES = f"""
SELECT {columns(Message, "message")}
  FROM agents_message AS message
  JOIN agents_run AS run ON run.id = message.run_id
 WHERE run.thread_id = %(thread_id)s AND run.position <= %(position)s
   AND run.position > %(after)s
   AND NOT EXISTS (SELECT 1 FROM agents_run AS again WHERE again.replaces_id = run.id)
 ORDER BY run.position, message.position
"""


@dataclass(frozen=True)
class Loaded:
    claim: Claim
    run: Run
    ctx: RunContext
    journal: Journal
    replay: list[BaseEvent]
    cut_off: list[ToolCall]


def take(run_id: uuid.UUID) -> Loaded | None:
    """Claim a run and read it; None when it is not to be had."""
    held = lease.claim(run_id)
    if held is None:
        children.collect(run_id)
        held = lease.claim(run_id)
    if held is None:
        return None
    loaded = load(held)
    try:
        loaded.journal.opened(loaded.cut_off)
    except LeaseLost:
        return None
    return loaded


def load(claim: Claim) -> Loaded:
    """A run with its agent's version, its thread's transcript and its LLM."""
    run = _run(claim.run_id)
    before = Compaction.objects.standing_for(run)
    messages, calls = _rows_of(run, before)
    mine = [message for message in messages if message.run_id == run.id]
    own_calls = [call for call in calls if call.run_id == run.id]
    cut_off = [call for call in own_calls if call.status == CallStatus.STARTED]  # another worker had begun these
    for call in cut_off:
        if call.effect == Effect.UNSAFE:  # never begun again: what became of it is for a person to say
            call.status = CallStatus.OUTCOME_UNKNOWN
    ctx = _context(run, before, messages, calls, is_beginning=run.turn == 0)
    run.llm_name = ctx.agent.llm_name
    replay = events.replay(
        run,
        mine,
        own_calls,
        said=decisions.of_runs([run]),
        handoffs=decisions.handoffs_of([own_calls]),
        used=ctx.recollection.all,
        compactions=list(run.compactions.order_by("created_at")) if run.epoch > 1 else (),
    )
    said_before = next((message.text for message in reversed(messages) if message.run_id != run.id), "")
    journal = Journal(claim, run, mine, own_calls, ctx.llm.provider, said_before=said_before)
    return Loaded(claim, run, ctx, journal, list(replay), cut_off)


def again(run: Run) -> RunContext:
    """The same run as another agent of it sees it."""
    before = Compaction.objects.standing_for(run)
    return _context(run, before, *_rows_of(run, before), is_beginning=True)


def _run(run_id: uuid.UUID) -> Run:
    """With all that is asked of it while no database is at hand."""
    tables = (Run, Thread, AgentVersion, Agent, User, Firing)
    ((run, thread, version, agent, user, firing),) = rows.models(RUN, {"run_id": run_id}, *tables)
    if run.root_id:  # another agent's task
        related = ("agent_version__agent", "user", "root__agent_version", "root__thread", "root__firing", "parent_call")
        return Run.objects.select_related(*related).get(pk=run_id)
    version.agent = agent
    run.thread, run.agent_version, run.user = thread, version, user
    run._state.fields_cache["firing"] = firing  # as `select_related` would have it
    return cast(Run, run)


def _rows_of(run: Run, before: Compaction | None) -> tuple[list[Message], list[ToolCall]]:
    """What was said in the thread up to this run, without what is summarised."""
    messages = _messages_of(run, after=before.up_to_position if before else -1)
    answers = [message for message in messages if message.role == Role.ASSISTANT]
    return messages, list(ToolCall.objects.filter(message__in=answers).order_by("position")) if answers else []


def _context(
    run: Run, before: Compaction | None, messages: list[Message], calls: list[ToolCall], *, is_beginning: bool
) -> RunContext:
    connected = connection.current()
    agent = _config(run, connected)
    entries = transcript(messages, calls, run, agent.output_schema)
    summary = Summary(before.text, before.turns, before.tokens) if before else None
    if _sees_question_only(run):
        entries, summary = turns_of(entries)[-1], None
    recollection, reminding = recalling.standing(run)
    return RunContext(
        run_id=run.id,
        thread_id=run.thread_id,
        user_id=run.user_id,
        user_name=str(run.user) if run.user else "someone",
        agent=agent,
        llm=connection.llm_for(connected),
        transcript=entries,
        turn=run.turn,
        shown_in=run.shown_in,
        recollection=recollection,
        reminding=reminding if is_beginning else Reminding(),
        buffer=Buffer(summary),
    )


def transcript(
    messages: list[Message], calls: list[ToolCall], run: Run, output_schema: dict[str, Any] | None
) -> list[Entry]:
    """Rows, in order, as the LLM will read them."""
    calls_of: dict[uuid.UUID, list[Call]] = {}
    for row in calls:
        calls_of.setdefault(row.message_id, []).append(_call(row, run))
    return [
        Question(with_files(message), message.run_id)
        if message.role == Role.USER
        else Answer(message.text, calls_of.get(message.id, []), _complaint(message, output_schema))
        for message in messages
    ]


def _complaint(message: Message, output_schema: dict[str, Any] | None) -> str:
    if not message.is_superseded or output_schema is None:
        return ""
    return output.complaint(output_schema, message.text)


def _sees_question_only(run: Run) -> bool:
    """Whether the agent that handed over keeps to itself what was said before the question."""
    last = run.handoffs.select_related("source").order_by("pk").last() if run.turn else None
    return last is not None and Routing.model_validate(last.source.handoffs).history == "question"


def _messages_of(run: Run, *, after: int) -> list[Message]:
    """Of the thread behind that position, in order, without those of runs that others replaced."""
    parameters = {"thread_id": run.thread_id, "position": run.position, "after": after}
    found = rows.models(MESSAGES, parameters, Message)
    return fetch_files([message for (message,) in found], with_text=True)


def _call(row: ToolCall, run: Run) -> Call:
    """Of another run, one that is still open counts as closed: that run was set aside."""
    status, result = CallStatus(row.status), row.result
    if row.run_id != run.id and row.is_open:
        status, result = closing(status, Effect(row.effect))
    return Call(
        id=row.id,
        name=row.name,
        raw_arguments=row.raw_arguments,
        effect=Effect(row.effect),
        status=status,
        result=result,
        attempt=row.attempt,
        provider_call_id=row.provider_call_id,
        edited_arguments=row.edited_arguments,
    )


def _config(run: Run, connected: Connection) -> AgentConfig:
    version = run.agent_version
    tools = tools_named(version.tools)
    if missing := [name for name in version.tools if name not in tools]:
        logger.warning("%s names tools that cannot be used: %s.", version, ", ".join(missing))
    is_demo = connected.source == Source.DEMO
    return AgentConfig(
        slug=version.agent.slug,
        name=version.agent.name,
        version=version.number,
        instructions=version.instructions,
        llm_name=connected.llm_name if is_demo else version.llm_name or connected.llm_name,
        fallback_llm_names=() if is_demo else tuple(version.fallback_llm_names),
        parameters=version.parameters,
        tools=tools,
        max_turns=version.max_turns,
        max_tool_calls=version.max_tool_calls,
        policies=policies_of(version.approvals),
        output_schema=version.output_schema,
        team=_team(run),
        memory=MemorySettings.model_validate(version.memory),
        id=version.agent.id,
    )


def _team(run: Run) -> Team:
    version = run.agent_version
    if not version.children and not version.handoffs:
        return Team()
    routing = Routing.model_validate(version.handoffs) if version.handoffs else None
    known = _colleagues([*version.children, *(routing.targets if routing else ())])
    children_of = version.children if run.depth < MOST_DEPTH else []
    before = run.handoffs.order_by("pk").values_list("source__agent__slug", flat=True)
    return Team(
        children={tool_name(slug): known[slug] for slug in children_of if slug in known},
        targets={slug: known[slug] for slug in (routing.targets if routing else ()) if slug in known},
        routing=routing,
        been=(*before, version.agent.slug),
    )


def _colleagues(slugs: list[str]) -> dict[str, Colleague]:
    """Those of the agents that are there to be asked: switched on, with a version that is live."""
    found = Agent.objects.filter(slug__in=slugs, is_enabled=True, live__isnull=False)
    return {
        agent.slug: Colleague(agent.slug, agent.name, agent.description, agent.pk, agent.live_id)
        for agent in found
        if agent.live_id
    }
