"""What a person or a program does with runs: start, cancel, retry."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from agents import doorbell, snapshots
from agents.journal import close_open_calls, record_trace
from agents.models import Message, Role, Run, RunStatus, StopReason, Thread
from agents.text import storable

LONGEST_QUESTION = 100_000


class Refused(Exception):
    """What was asked for cannot be done; the words are for the person who asked."""


@transaction.atomic
def start_run(
    *, thread: Thread, user: User, text: str, client_request_id: str | None = None, replaces: Run | None = None
) -> Run:
    """Queue a question in a thread and ring for a worker once it is committed."""
    question = checked_question(text)
    locked = Thread.objects.select_for_update(of=("self",)).select_related("agent__live__agent").get(pk=thread.pk)
    version = locked.agent.live
    if version is None or not locked.agent.is_enabled:
        raise Refused(f"{locked.agent.name} is switched off.")
    last = locked.runs.aggregate(last=Max("position"))["last"]
    run = Run.objects.create(
        thread=locked,
        position=0 if last is None else last + 1,
        agent_version=version,
        user=user,
        client_request_id=client_request_id,
        replaces=replaces,
    )
    message = Message.objects.create(run=run, position=0, role=Role.USER, text=question)
    record_trace(run, question)
    transaction.on_commit(lambda: doorbell.ring(run.id))
    transaction.on_commit(lambda: doorbell.announce(run, snapshots.of_rows(run, [message], []).batch))
    return run


def checked_question(text: object) -> str:
    """The question as it will be kept; Refused when there is none or it is too long."""
    if not isinstance(text, str) or not (question := storable(text).strip()):
        raise Refused("Write a message first.")
    if len(question) > LONGEST_QUESTION:
        raise Refused(f"A message may have {LONGEST_QUESTION:,} characters; this one has {len(question):,}.")
    return question


@transaction.atomic
def cancel_run(run: Run) -> None:
    """Stop a run: at once when nobody works on it, else by asking its worker. An ended run stays as it ended."""
    locked = Run.objects.select_for_update(of=("self",)).select_related("agent_version__agent").get(pk=run.pk)
    if locked.status == RunStatus.RUNNING:
        locked.cancel_requested_at = locked.cancel_requested_at or timezone.now()
        locked.save(update_fields=["cancel_requested_at"])
        transaction.on_commit(lambda: doorbell.cancel(locked.pk))
    elif not locked.is_finished:
        locked.conclude(RunStatus.CANCELLED, StopReason.CANCELLED)
        finish_unheld(locked)


@transaction.atomic
def retry_run(*, run: Run, user: User) -> Run:
    """Ask the same question again; the new run takes the old one's place. Asking twice starts one."""
    Thread.objects.select_for_update().get(pk=run.thread_id)
    if not run.is_finished:
        raise Refused("This question is still being answered.")
    if already := Run.objects.filter(replaces=run).first():
        return already
    return start_run(thread=run.thread, user=user, text=question_of(run), replaces=run)


def finish_unheld(run: Run) -> None:
    """Write the outcome of a run that no worker holds, and tell its watchers. Inside a transaction.

    In an epoch of its own: watchers may have seen more of a lost attempt than the rows hold, with higher numbers.
    """
    run.epoch += 1
    run.last_seq += 1
    run.draft_message_id, run.draft_text = None, ""
    run.save()
    close_open_calls(run)
    record_trace(run, question_of(run), tool_calls=run.tool_calls.count())
    transaction.on_commit(lambda: doorbell.announce(run))


def question_of(run: Run) -> str:
    return run.messages.filter(role=Role.USER).values_list("text", flat=True).first() or ""
