"""The front door of triggers: `POST /hooks/<token>/` starts a run."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from agents.models import Trigger, TriggerKind
from agents.refusals import Conflict, Refused
from agents.triggers.firing import fire
from agents.triggers.keys import problem_of_signature, trigger_of
from agents.triggers.templates import LONGEST_PAYLOAD

NAMES_OF_ID = ("Idempotency-Key", "X-Delivery-Id", "X-GitHub-Delivery")


@csrf_exempt
def receive(request: HttpRequest, token: str) -> JsonResponse:
    """202 with the run's id, the same for the same delivery; whatever is wrong in words."""
    if request.method != "POST":
        return _wrong(405, "Send a POST request.", Allow="POST")
    trigger = trigger_of(token)
    if trigger is None or trigger.kind != TriggerKind.WEBHOOK:
        return _wrong(404, "There is no such hook.")
    if _length(request) > LONGEST_PAYLOAD or len(request.body) > LONGEST_PAYLOAD:
        return _wrong(413, f"A request may have {LONGEST_PAYLOAD:,} bytes.")
    if trigger.needs_signature and (problem := _problem(request, trigger)):
        return _wrong(401, problem)
    if not trigger.is_enabled:
        return _wrong(409, "This trigger is switched off.")
    try:
        body = request.body.decode()
    except UnicodeDecodeError:
        return _wrong(400, "Send JSON or text in UTF-8.")
    return _fired(trigger, body, _delivery_id(request))


def _fired(trigger: Trigger, body: str, delivery_id: str) -> JsonResponse:
    try:
        firing = fire(trigger, body=body, delivery_id=delivery_id)
    except Conflict as conflict:
        return _wrong(409, str(conflict))
    except Refused as refusal:
        return _wrong(400, str(refusal))
    if firing.refusal:
        return _wrong(409, firing.refusal)
    return JsonResponse({"runId": str(firing.run_id) if firing.run_id else None, "id": str(firing.pk)}, status=202)


def _problem(request: HttpRequest, trigger: Trigger) -> str:
    given = request.headers.get("X-Signature-256") or request.headers.get("X-Hub-Signature-256", "")
    return problem_of_signature(trigger, request.body, given=given, timestamp=request.headers.get("X-Timestamp", ""))


def _delivery_id(request: HttpRequest) -> str:
    return next((given for name in NAMES_OF_ID if (given := request.headers.get(name, "").strip())), "")


def _length(request: HttpRequest) -> int:
    """What the request says of itself, before any of it is read."""
    said = request.headers.get("Content-Length", "")
    return int(said) if said.isdecimal() else 0


def _wrong(status: int, words: str, **headers: str) -> JsonResponse:
    answer = JsonResponse({"error": words}, status=status, headers=headers)
    answer._has_been_logged = True  # type: ignore[attr-defined]    # Django would log the address, which is a key
    return answer
