"""What a person or a program does with runs: start, edit, withdraw, cancel, retry, resume."""

from collections.abc import Sequence
from typing import cast

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from agents import attachments, doorbell, events, rows, snapshots, unheld
from agents.carrying import carry_over
from agents.channels import Batch
from agents.models import (
    Agent,
    AgentVersion,
    Attachment,
    CallStatus,
    Message,
    Role,
    Run,
    RunStatus,
    StopReason,
    Thread,
    ToolCall,
)
from agents.outcomes import question_of, record_trace
from agents.refusals import Conflict, Forbidden, Refused
from agents.rows import columns
from agents.text import storable

LONGEST_QUESTION = 100_000

LOCKED_THREAD = f"""
SELECT {columns(Thread, "thread")} FROM agents_thread AS thread WHERE thread.id = %(thread_id)s FOR UPDATE
"""

LIVE_VERSION = f"""
SELECT {columns(AgentVersion, "version")}, {columns(Agent, "agent")}
  FROM agents_agent AS agent
  JOIN agents_agentversion AS version ON version.id = agent.live_id
 WHERE agent.id IN (%(active)s, %(own)s) AND agent.is_enabled
 ORDER BY agent.id IS NOT DISTINCT FROM %(active)s DESC
 LIMIT 1
"""


@transaction.atomic
def start_run(
    *,
    thread: Thread,
    user: User,
    text: str,
    attached: Sequence[Attachment] = (),
    client_request_id: str | None = None,
    replaces: Run | None = None,
) -> Run:
    """Queue a question in a thread and ring for a worker once it is committed. `attached` are rows not yet saved."""
    question = checked_question(text)
    ((locked,),) = rows.models(LOCKED_THREAD, {"thread_id": thread.pk}, Thread)
    version = _version_of(locked)
    run = Run.objects.create(
        thread=locked,
        position=_next_position(locked),
        agent_version=version,
        user=user,
        client_request_id=client_request_id,
        replaces=replaces,
    )
    has_files = bool(attached)
    message = Message.objects.create(run=run, position=0, role=Role.USER, text=question, has_attachments=has_files)
    attachments.keep(message, attached)
    record_trace(run, question)
    transaction.on_commit(lambda: doorbell.ring(run.id))
    transaction.on_commit(lambda: doorbell.announce(run, snapshots.of_rows(run, [message], []).batch))
    return run


def _version_of(thread: Thread) -> AgentVersion:
    """Who answers next: the one it was handed to for good, if that one is still there, else the thread's own agent.

    Where a version is tried, it takes the place of the agent's live one.
    """
    if thread.tried_version_id and not thread.active_agent_id:
        return AgentVersion.objects.select_related("agent").get(pk=thread.tried_version_id)
    known = {"active": thread.active_agent_id, "own": thread.agent_id}
    for version, agent in rows.models(LIVE_VERSION, known, AgentVersion, Agent):
        version.agent = agent
        return cast(AgentVersion, version)
    raise Refused(f"{thread.agent.name} is switched off.")


def _next_position(thread: Thread) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(position) + 1, 0) FROM agents_run WHERE thread_id = %s", [thread.pk])
        return int(cursor.fetchone()[0])


def checked_question(text: object) -> str:
    """The question as it will be kept; Refused when there is none or it is too long."""
    if not isinstance(text, str) or not (question := storable(text).strip()):
        raise Refused("Write a message first.")
    if len(question) > LONGEST_QUESTION:
        raise Refused(f"A message may have {LONGEST_QUESTION:,} characters; this one has {len(question):,}.")
    return question


@transaction.atomic
def edit_question(*, run: Run, text: str) -> Run:
    """Put other words in the place of a question nobody has begun to answer."""
    question = checked_question(text)
    waiting = _not_begun(run)
    waiting.messages.filter(role=Role.USER).update(text=question)
    unheld.tell_anew(waiting)
    return waiting


@transaction.atomic
def withdraw_question(run: Run) -> None:
    """Take back a question nobody has begun to answer: it is gone, with its run."""
    waiting = _not_begun(run)
    waiting.conclude(RunStatus.CANCELLED, StopReason.CANCELLED)
    record_trace(waiting, question_of(waiting))  # what was asked and taken back stays on record
    gone = Batch(str(waiting.id), waiting.epoch + 1, waiting.last_seq + 1, (events.frame(events.removed(waiting.id)),))
    waiting.delete()
    waiting.pk = run.pk
    transaction.on_commit(lambda: doorbell.announce(waiting, gone))
    unheld.ring_for_next(waiting.thread_id)


def _not_begun(run: Run) -> Run:
    found = Run.objects.select_for_update(of=("self",)).select_related("agent_version__agent").filter(pk=run.pk).first()
    if found is None:
        raise Refused("This question was taken back.")
    if found.status != RunStatus.QUEUED or found.started_at is not None:
        raise Conflict("This question is already being answered.")
    return found


@transaction.atomic
def cancel_run(run: Run) -> None:
    """Stop a run: at once when nobody works on it, else by asking its worker. An ended run stays as it ended."""
    found = unheld.locked(run.pk)
    if found.status == RunStatus.RUNNING:
        found.cancel_requested_at = found.cancel_requested_at or timezone.now()
        found.save(update_fields=["cancel_requested_at"])
        transaction.on_commit(lambda: doorbell.cancel(found.pk))
    elif not found.is_finished:
        unheld.finish(found, RunStatus.CANCELLED, StopReason.CANCELLED)
        transaction.on_commit(lambda: _cancel_tasks(found))


def _cancel_tasks(run: Run) -> None:
    """Stop those who work for a run that was stopped. Whoever is missed here, the reaper finds."""
    for child in Run.objects.unfinished().filter(parent=run):
        cancel_run(child)


@transaction.atomic
def retry_run(*, run: Run, user: User) -> Run:
    """Ask the same question again; the new run takes the old one's place. Asking twice starts one.

    What the old run did that must not be done twice stands at the beginning of the new one.
    """
    Thread.objects.select_for_update().get(pk=run.thread_id)
    run.refresh_from_db()
    if not run.is_finished:
        raise Refused("This question is still being answered.")
    if already := Run.objects.filter(replaces=run).first():
        return already
    files = attachments.copies_of(run)
    again = start_run(thread=run.thread, user=user, text=question_of(run), attached=files, replaces=run)
    if run.status != RunStatus.COMPLETED:
        carry_over(run, again)
    return again


@transaction.atomic
def resume_run(*, run: Run, by: User) -> Run:
    """Send a run that was parked as dead back to work, where it stood."""
    if not by.is_staff:
        raise Forbidden("Only an operator can do this.")
    found = unheld.locked(run.pk)
    if found.status != RunStatus.DEAD:
        raise Conflict("Only a run that was set aside can be sent back to work.")
    if Run.objects.filter(replaces=found).exists():
        raise Conflict("The question was asked again meanwhile; that run has taken its place.")
    if found.parent_id and not ToolCall.objects.filter(child=found, status=CallStatus.DELEGATED).exists():
        raise Conflict("The agent that gave this task has gone on without it.")
    unheld.move(found, RunStatus.QUEUED, recoveries=0, stop_reason="", error="", finished_at=None)
    transaction.on_commit(lambda: doorbell.ring(found.pk))
    return found
