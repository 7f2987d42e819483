"""A person's word on a call that was cut off: whether it took effect, and so whether it may run again."""

import uuid

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from agents import unheld
from agents.models import CallStatus, Settlement, ToolCall
from agents.refusals import Conflict, Forbidden, Refused
from agents.spans import settlement_span
from agents.text import storable
from observability import recorder

LONGEST_COMMENT = 2000
RESULTS = {
    Settlement.Word.DONE: "It was interrupted; a person has confirmed that it took effect.",
    Settlement.Word.GIVE_UP: "Error: interrupted while it ran; nobody knows if it took effect. Do not call it again.",
}
STATUSES = {
    Settlement.Word.DONE: CallStatus.SUCCEEDED,
    Settlement.Word.RETRY: CallStatus.READY,
    Settlement.Word.GIVE_UP: CallStatus.UNSETTLED,
}


@transaction.atomic
def settle(*, call_id: uuid.UUID, by: User, word: Settlement.Word, comment: str = "") -> ToolCall:
    """Say what became of a call whose outcome is unknown; the run goes on with that. The same word again is fine.

    Raises Refused in words: Forbidden for those who are not staff, Conflict when it was settled otherwise.
    """
    if not by.is_staff:
        raise Forbidden("Only an operator can settle this.")
    found = ToolCall.objects.filter(pk=call_id).values_list("run_id", flat=True).first()
    if found is None:
        raise Refused("There is no such tool call.")
    run = unheld.locked(found)
    call = ToolCall.objects.get(pk=call_id)
    if call.status != CallStatus.OUTCOME_UNKNOWN or run.is_finished:
        return _settled_before(call, word)
    words = storable(comment).strip()[:LONGEST_COMMENT]
    settlement = Settlement.objects.create(call=call, attempt=call.attempt, word=word, comment=words, by=by)
    call.status = STATUSES[word]
    if word != Settlement.Word.RETRY:
        call.result = f"{RESULTS[word]} {words}".strip()
        call.finished_at = timezone.now()
    call.save(update_fields=["status", "result", "finished_at"])
    recorder.record_spans([settlement_span(call, settlement)])
    unheld.go_on(run)
    return call


def _settled_before(call: ToolCall, word: Settlement.Word) -> ToolCall:
    last = call.settlements.order_by("pk").last()
    if last is None:
        raise Conflict("The outcome of this call is not in question.")
    if last.word != word:
        raise Conflict(f"This was already settled by {last.by}: {last.get_word_display().lower()}.")
    return call
