"""Runs, tool calls and unknown outcomes in the console."""

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import User
from agents.models import AgentVersion, Artifact, CallStatus, Run, RunStatus, Settlement, ToolCall
from observability.recorder import record_spans, record_trace
from tests.cast import person
from tests.console.standing import a_call, a_parked_run, a_pending_approval, a_run, an_unknown_outcome
from tests.observability.told import a_span, a_trace

ClientOf = Callable[[User], Client]
OUTCOMES = "/admin/agents/settlement/"


def page_of(call: ToolCall) -> str:
    return f"{OUTCOMES}call/{call.pk}/"


@pytest.mark.parametrize(
    ("word", "status", "run_status"),
    [
        ("done", CallStatus.SUCCEEDED, RunStatus.QUEUED),
        ("retry", CallStatus.READY, RunStatus.QUEUED),
        ("give_up", CallStatus.UNSETTLED, RunStatus.QUEUED),
    ],
)
def test_a_person_says_what_became_of_a_call(console, olga, alice, word, status, run_status):
    call = an_unknown_outcome(alice)
    listed = console.get(OUTCOMES).content.decode()
    assert all(said in listed for said in ("calculator", str(call.idempotency_key), alice.email))
    assert 'data-number="Unknown outcomes">1</span>' in listed

    assert console.post(page_of(call), {"word": word, "comment": "I called them."}).status_code == 302

    call.refresh_from_db()
    assert (call.status, call.run.status) == (status, run_status)
    settlement = call.settlements.get()
    assert (settlement.by, settlement.comment) == (olga, "I called them.")
    assert "I called them." in LogEntry.objects.get(user=olga).change_message
    assert "Every outcome is known" in console.get(OUTCOMES).content.decode()
    assert "I called them." in console.get(f"{OUTCOMES}?show=settled").content.decode()


def test_each_word_says_what_it_leads_to(console: Client, alice: User) -> None:
    page = console.get(page_of(an_unknown_outcome(alice))).content.decode()

    for said in ("Did calculator take effect?", "same idempotency key", "Nothing runs again", "must not call it again"):
        assert said in page


def test_a_word_nobody_offered_settles_nothing(console: Client, alice: User) -> None:
    call = an_unknown_outcome(alice)

    answer = console.post(page_of(call), {"word": "maybe", "comment": "My words"})

    assert answer.status_code == 400
    assert "My words" in answer.content.decode()
    assert not Settlement.objects.exists()


def test_what_was_settled_is_not_settled_otherwise(console: Client, alice: User) -> None:
    call = an_unknown_outcome(alice)
    console.post(page_of(call), {"word": "done"})

    assert console.post(page_of(call), {"word": "give_up"}).status_code == 409
    assert "already settled" in console.post(page_of(call), {"word": "give_up"}).content.decode()
    assert call.settlements.get().word == Settlement.Word.DONE


def test_staff_without_the_permission_settles_nothing(alice: User, client_of: ClientOf) -> None:
    call = an_unknown_outcome(alice)
    rita = client_of(person("Rita", is_staff=True))

    assert rita.get(OUTCOMES).status_code == 403
    assert rita.get(page_of(call)).status_code == 403
    assert rita.post(page_of(call), {"word": "done"}).status_code == 403
    assert not Settlement.objects.exists()


def test_a_parked_run_is_sent_back_to_work(console: Client, olga: User, alice: User) -> None:
    run = a_parked_run(alice)
    page = f"/admin/agents/run/{run.pk}/"
    shown = console.get(f"{page}change/").content.decode()
    assert all(said in shown for said in ("Set aside", "It broke off too often.", "Send back to work"))

    assert console.post(f"{page}resume/").status_code == 302

    run.refresh_from_db()
    assert (run.status, run.recoveries) == (RunStatus.QUEUED, 0)
    assert LogEntry.objects.get(user=olga).change_message == "Sent back to work."
    assert "Send back to work" not in console.get(f"{page}change/").content.decode()


def test_many_parked_runs_are_sent_back_at_once(console: Client, alice: User, bob: User) -> None:
    parked = [a_parked_run(alice), a_parked_run(bob)]
    ended = a_run(alice, RunStatus.COMPLETED)

    chosen = [str(run.pk) for run in [*parked, ended]]
    page = console.post(
        "/admin/agents/run/", {"action": "send_back_to_work", "_selected_action": chosen}, follow=True
    ).content.decode()

    assert "2 runs are back in the queue" in page
    assert "Only a run that was set aside" in page
    assert set(Run.objects.filter(pk__in=[run.pk for run in parked]).values_list("status", flat=True)) == {"queued"}
    assert Run.objects.get(pk=ended.pk).status == RunStatus.COMPLETED


def test_no_link_sends_a_run_back_to_work(console: Client, alice: User) -> None:
    run = a_parked_run(alice)

    assert console.get(f"/admin/agents/run/{run.pk}/resume/").status_code == 403
    assert Run.objects.get(pk=run.pk).status == RunStatus.DEAD


def test_staff_without_the_permission_sends_nothing_back(alice: User, client_of: ClientOf) -> None:
    run = a_parked_run(alice)

    assert client_of(person("Rita", is_staff=True)).post(f"/admin/agents/run/{run.pk}/resume/").status_code == 403
    assert Run.objects.get(pk=run.pk).status == RunStatus.DEAD


def test_a_run_shows_what_it_used_of_what_it_may(console: Client, alice: User) -> None:
    run = a_run(alice, RunStatus.COMPLETED, turn=3, input_tokens=1200, output_tokens=34, active_ms=61_000)
    a_call(run, CallStatus.SUCCEEDED)
    AgentVersion.objects.filter(pk=run.agent_version_id).update(max_tokens=5000, max_cost="0.5")

    page = console.get(f"/admin/agents/run/{run.pk}/change/")

    told = {limit.name: (limit.used, limit.allowed) for limit in page.context["limits"]}
    assert told["Turns"] == ("3", "12")
    assert told["Tool calls"] == ("1", "64")
    assert told["Tokens"] == ("1,234", "5,000")
    assert told["Cost"] == ("$0.00", "$0.50")
    assert told["Active time"] == ("61 s", "900 s")


def test_what_a_run_waits_for_is_said(console: Client, alice: User) -> None:
    call, approval = an_unknown_outcome(alice), a_pending_approval(alice)

    assert "Waiting for a word on an unknown outcome" in console.get("/admin/agents/run/").content.decode()
    assert page_of(call) in console.get(f"/admin/agents/run/{call.run_id}/change/").content.decode()
    assert f"approval/{approval.pk}/" in console.get(f"/admin/agents/run/{approval.run_id}/change/").content.decode()


def test_the_whole_of_a_cut_result_is_read_as_text(console: Client, alice: User) -> None:
    call = a_call(a_run(alice, RunStatus.COMPLETED), CallStatus.SUCCEEDED, result="<b>begins")
    Artifact.objects.create(call=call, content="<script>alert(1)</script>" * 1000)
    page = f"/admin/agents/toolcall/{call.pk}/"

    shown = console.get(f"{page}change/").content.decode()
    whole = console.get(f"{page}whole/")

    assert "The whole result (25.0k characters)" in shown
    assert "&lt;b&gt;begins" in shown
    assert whole["Content-Type"] == "text/plain; charset=utf-8"
    assert whole["X-Content-Type-Options"] == "nosniff"
    assert whole.content.decode().startswith("<script>")


def test_staff_without_the_permission_reads_no_result(alice: User, client_of: ClientOf) -> None:
    call = a_call(a_run(alice, RunStatus.COMPLETED), CallStatus.SUCCEEDED, result="secret")
    Artifact.objects.create(call=call, content="secret")
    rita = client_of(person("Rita", is_staff=True))

    for page in ("change", "whole"):
        assert rita.get(f"/admin/agents/toolcall/{call.pk}/{page}/").status_code == 403


def test_a_version_says_whom_it_asks_and_what_limits_it(dana: User, client_of: ClientOf, alice: User) -> None:
    version = a_run(alice, RunStatus.COMPLETED).agent_version
    levels = [{"who": "requester"}, {"who": "group:Managers", "needed": 2, "expires_hours": 24}]
    AgentVersion.objects.filter(pk=version.pk).update(
        approvals={"calculator": {"levels": levels}}, output_schema={"type": "object", "title": "Invoice"}
    )

    page = client_of(dana).get(f"/admin/agents/agentversion/{version.pk}/change/").content.decode()

    for said in ("the person who asked within 72 h", "2 of the group Managers within 24 h", "900 s", "Invoice"):
        assert said in page


def test_policies_nobody_can_read_are_said_to_be_so(dana: User, client_of: ClientOf, alice: User) -> None:
    version = a_run(alice, RunStatus.COMPLETED).agent_version
    AgentVersion.objects.filter(pk=version.pk).update(approvals={"calculator": {"levels": "everybody"}})

    page = client_of(dana).get(f"/admin/agents/agentversion/{version.pk}/change/").content.decode()

    assert "policies cannot be read" in page


def test_a_step_of_a_trace_leads_to_its_call(console: Client, alice: User) -> None:
    call = a_call(a_run(alice, RunStatus.COMPLETED), CallStatus.SUCCEEDED)
    told = a_trace(id=call.run_id)
    record_trace(told)
    span = a_span(told.id, attributes={"gen_ai.tool.call.id": str(call.pk)})
    record_spans([span])

    page = console.get(f"/admin/observability/trace/{told.id}/span/{span.id}/").content.decode()

    assert f"/admin/agents/toolcall/{call.pk}/change/" in page
