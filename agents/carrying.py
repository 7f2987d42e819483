"""What a second try at a question takes over from the first: the turns up to its last side effect.

Without them the LLM would not know what is done already, and would do it again.
"""

from django.utils import timezone
from uuid_utils.compat import uuid7

from agents.models import CallStatus, Effect, Message, Role, Run, ToolCall
from agents.outcomes import closing

MAY_HAVE_HAPPENED = (CallStatus.SUCCEEDED, CallStatus.UNSETTLED, CallStatus.OUTCOME_UNKNOWN, CallStatus.STARTED)


def carry_over(old: Run, new: Run) -> None:
    """Copy the turns of a run up to its last call that may have changed something; none, if there is no such call.

    Inside the transaction that starts the new run.
    """
    answers = list(old.messages.filter(role=Role.ASSISTANT).order_by("position").prefetch_related("tool_calls"))
    while answers and not _has_effect(answers[-1]):
        answers.pop()
    for position, answer in enumerate(answers, start=1):
        calls = list(answer.tool_calls.all())
        copied = Message.objects.create(
            run=new, position=position, role=Role.ASSISTANT, text=answer.text, is_superseded=answer.is_superseded
        )
        ToolCall.objects.bulk_create(_copy(call, copied) for call in calls)


def _has_effect(answer: Message) -> bool:
    return any(call.effect != Effect.READ and call.status in MAY_HAVE_HAPPENED for call in answer.tool_calls.all())


def _copy(call: ToolCall, message: Message) -> ToolCall:
    """The same call with the same result, in another run. One still open ends there: it is not this run's to run."""
    fields = {field.attname: getattr(call, field.attname) for field in ToolCall._meta.concrete_fields}
    fields |= {"id": uuid7(), "run_id": message.run_id, "message_id": message.id}
    copied = ToolCall(**fields)
    if copied.is_open:
        copied.status, copied.result = closing(CallStatus(call.status), Effect(call.effect))
        copied.finished_at = timezone.now()
    return copied
