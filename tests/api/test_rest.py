"""Threads and runs over REST: what a program may do in a person's name."""

from django.test import Client

from accounts.models import User
from agents.models import Agent, CallStatus, Effect, Message, Role, Run, RunStatus, StopReason, Thread, ToolCall
from agents.models.messages import Artifact
from chat.models import Conversation, Feedback
from observability.models import Score
from tests.api.programs import ProgramOf, asked


def answered(run: Run, text: str = "42") -> Run:
    """That run, as it stands after its answer."""
    Message.objects.create(run=run, position=1, role=Role.ASSISTANT, text=text)
    run.conclude(RunStatus.COMPLETED, StopReason.FINAL)
    run.save()
    return run


def call_of(run: Run, **fields: object) -> ToolCall:
    message = Message.objects.create(run=run, position=1, role=Role.ASSISTANT, text="")
    return ToolCall.objects.create(run=run, message=message, position=0, name="calculator", **fields)


def test_a_question_starts_a_run_in_a_thread_of_its_own(alice: User, program_of: ProgramOf) -> None:
    answer = program_of(alice).post("/api/runs", {"text": " What is 6 × 7? "}, "application/json")

    assert answer.status_code == 201
    run = Run.objects.get(pk=answer.json()["id"])
    assert (answer.json()["status"], answer.json()["question"], answer.json()["answer"]) == (
        "queued",
        "What is 6 × 7?",
        None,
    )
    assert (run.user, run.thread.owner) == (alice, alice)
    assert not Conversation.objects.exists()


def test_it_becomes_a_conversation_when_asked_to(alice: User, program_of: ProgramOf) -> None:
    answer = program_of(alice).post("/api/runs", {"text": "Hello", "conversation": True}, "application/json")

    conversation = Conversation.objects.visible_to(alice).get()
    assert str(conversation.id) == answer.json()["threadId"]
    assert conversation.title == "Hello"


def test_the_same_request_id_starts_nothing_new(alice: User, program_of: ProgramOf) -> None:
    program = program_of(alice)
    question = {"text": "Hello", "clientRequestId": "order-1"}

    first = program.post("/api/runs", question, "application/json")
    again = program.post("/api/runs", question, "application/json")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Run.objects.count() == 1


def test_the_same_request_id_of_somebody_else_is_another_request(alice: User, bob: User, program_of: ProgramOf) -> None:
    question = {"text": "Hello", "clientRequestId": "order-1"}

    for user in (alice, bob):
        assert program_of(user).post("/api/runs", question, "application/json").status_code == 201


def test_a_second_question_in_a_thread_waits_in_line(alice: User, program_of: ProgramOf) -> None:
    run = asked(alice)

    answer = program_of(alice).post("/api/runs", {"text": "And 7 × 8?", "threadId": run.thread_id}, "application/json")

    assert answer.json()["threadId"] == str(run.thread_id)
    assert [run.position for run in run.thread.runs.order_by("position")] == [0, 1]


def test_a_thread_keeps_its_agent(alice: User, program_of: ProgramOf) -> None:
    run = asked(alice)
    Agent.objects.create(slug="other", name="Other", live=run.agent_version)

    answer = program_of(alice).post(
        "/api/runs", {"text": "Hello", "threadId": run.thread_id, "agent": "other"}, "application/json"
    )

    assert answer.status_code == 422
    assert "This thread is answered by" in answer.json()["error"]


def test_an_agent_that_is_switched_off_is_not_there(alice: User, program_of: ProgramOf) -> None:
    Agent.objects.update(is_enabled=False)
    program = program_of(alice)

    assert program.get("/api/agents").json() == []
    for path, body in (("/api/runs", {"text": "Hello"}), ("/api/threads", {})):
        answer = program.post(path, body, "application/json")
        assert (answer.status_code, answer.json()) == (422, {"error": "No agent is switched on."})


def test_a_run_tells_its_answer_and_what_it_cost(alice: User, program_of: ProgramOf) -> None:
    run = answered(asked(alice))
    Run.objects.filter(pk=run.pk).update(input_tokens=20, output_tokens=10, cost=None, llm_calls=1)

    told = program_of(alice).get(f"/api/runs/{run.id}").json()

    assert (told["status"], told["answer"], told["agent"]) == ("completed", "42", "assistant")
    assert told["usage"] == {
        "llmCalls": 1,
        "inputTokens": 20,
        "outputTokens": 10,
        "cachedInputTokens": 0,
        "costUsd": None,
    }


def test_a_text_that_was_sent_back_is_not_the_answer(alice: User, program_of: ProgramOf) -> None:
    run = answered(asked(alice))
    Message.objects.filter(role=Role.ASSISTANT).update(is_superseded=True)
    program = program_of(alice)

    assert program.get(f"/api/runs/{run.id}").json()["answer"] is None
    assert [one["role"] for one in program.get(f"/api/threads/{run.thread_id}/messages").json()] == ["user"]


def test_lists_come_in_pages_newest_first(alice: User, program_of: ProgramOf) -> None:
    runs = [asked(alice, f"Question {number}") for number in range(5)]
    program = program_of(alice)

    for path, expected in (("runs", [run.id for run in runs]), ("threads", [run.thread_id for run in runs])):
        seen, before = [], ""
        while True:
            told = program.get(f"/api/{path}?limit=2{before}").json()
            seen += [one["id"] for one in told["items"]]
            if told["next"] is None:
                break
            before = f"&before={told['next']}"
        assert seen == [str(pk) for pk in reversed(expected)]


def test_runs_are_found_by_thread_and_by_state(alice: User, program_of: ProgramOf) -> None:
    done, open_one = answered(asked(alice)), asked(alice)
    program = program_of(alice)

    def ids(query: str) -> list[str]:
        return [one["id"] for one in program.get(f"/api/runs?{query}").json()["items"]]

    assert ids("status=completed") == [str(done.id)]
    assert ids(f"threadId={open_one.thread_id}") == [str(open_one.id)]
    assert ids(f"threadId={open_one.thread_id}&status=completed") == []


def test_messages_are_read_in_order_and_from_a_place_on(alice: User, program_of: ProgramOf) -> None:
    run = asked(alice)
    call = call_of(run, raw_arguments='{"expression": "6*7"}', result="42", status=CallStatus.SUCCEEDED)
    Message.objects.create(run=run, position=2, role=Role.ASSISTANT, text="It is 42.")
    asked(alice, "Thank you", thread=run.thread)
    program, path = program_of(alice), f"/api/threads/{run.thread_id}/messages"

    told = program.get(path).json()

    assert [one["text"] for one in told] == ["What is 6 × 7?", "", "It is 42.", "Thank you"]
    assert told[1]["toolCalls"][0] | {"id": str(call.id), "result": "42"} == told[1]["toolCalls"][0]
    assert program.get(f"{path}?after={told[1]['id']}").json() == told[2:]
    assert program.get(f"{path}?after={told[3]['id']}").json() == []


def test_a_result_that_was_cut_is_there_in_whole(alice: User, program_of: ProgramOf) -> None:
    call = call_of(asked(alice), result="The begin…", status=CallStatus.SUCCEEDED)
    Artifact.objects.create(call=call, content="The beginning and the end.")

    told = program_of(alice).get(f"/api/tool-calls/{call.id}").json()

    assert (told["result"], told["isCut"], told["wholeResult"]) == (
        "The begin…",
        True,
        "The beginning and the end.",
    )


def test_a_run_that_is_queued_is_stopped_at_once(alice: User, program_of: ProgramOf) -> None:
    run = asked(alice)
    program = program_of(alice)

    assert program.post(f"/api/runs/{run.id}/cancel").json()["status"] == "cancelled"
    assert program.post(f"/api/runs/{run.id}/cancel").json()["status"] == "cancelled"


def test_an_ended_run_is_tried_again_once(alice: User, program_of: ProgramOf) -> None:
    run = answered(asked(alice))
    program = program_of(alice)

    first, second = (program.post(f"/api/runs/{run.id}/retry").json() for _ in range(2))

    assert first["id"] == second["id"] != str(run.id)
    assert first["question"] == "What is 6 × 7?"


def test_a_run_that_has_not_ended_is_not_tried_again(alice: User, program_of: ProgramOf) -> None:
    answer = program_of(alice).post(f"/api/runs/{asked(alice).id}/retry")

    assert answer.status_code in (409, 422)
    assert answer.json()["error"] == "This question is still being answered."


def test_a_question_that_waits_for_its_turn_is_changed_or_taken_back(alice: User, program_of: ProgramOf) -> None:
    run = asked(alice)
    program = program_of(alice)

    changed = program.patch(f"/api/runs/{run.id}", {"text": "What is 7 × 8?"}, "application/json")
    assert changed.json()["question"] == "What is 7 × 8?"

    assert program.delete(f"/api/runs/{run.id}").status_code == 204
    assert not Run.objects.exists()


def test_a_question_that_was_answered_is_neither_changed_nor_taken_back(alice: User, program_of: ProgramOf) -> None:
    run = answered(asked(alice))
    Run.objects.update(epoch=1)
    program = program_of(alice)

    for answer in (
        program.patch(f"/api/runs/{run.id}", {"text": "Other"}, "application/json"),
        program.delete(f"/api/runs/{run.id}"),
    ):
        assert answer.status_code in (409, 422)
        assert "error" in answer.json()
    assert Message.objects.filter(text="What is 6 × 7?").exists()


def test_a_thread_is_deleted_with_all_that_was_said(alice: User, program_of: ProgramOf) -> None:
    run = asked(alice)

    assert program_of(alice).delete(f"/api/threads/{run.thread_id}").status_code == 204

    assert not Thread.objects.exists()
    assert not Message.objects.exists()


def test_a_thumb_is_given_changed_and_taken_back(alice: User, program_of: ProgramOf) -> None:
    run = answered(asked(alice))
    program, path = program_of(alice), f"/api/runs/{run.id}/feedback"

    given = program.put(path, {"isPositive": True, "comment": "Right"}, "application/json")
    assert given.json() == {"isPositive": True, "comment": "Right"}
    program.put(path, {"isPositive": False}, "application/json")
    assert [(one.is_positive, one.comment) for one in Feedback.objects.all()] == [(False, "")]
    assert program.delete(path).status_code == 204
    assert not Feedback.objects.exists()


def test_scores_are_given_by_name_and_read_together(alice: User, program_of: ProgramOf) -> None:
    run = answered(asked(alice))
    program, path = program_of(alice), f"/api/runs/{run.id}/scores"
    program.put(f"/api/runs/{run.id}/feedback", {"isPositive": True}, "application/json")

    program.put(f"{path}/correct", {"value": 0.5}, "application/json")
    given = program.put(f"{path}/correct", {"value": 1, "comment": "Checked"}, "application/json").json()

    assert (given["value"], given["comment"], given["source"], given["isMine"]) == (1, "Checked", "api", True)
    assert [one["name"] for one in program.get(path).json()] == ["correct", "feedback"]
    assert program.delete(f"{path}/correct").status_code == 204
    assert [score.name for score in Score.objects.all()] == ["feedback"]


def test_an_operator_scores_the_run_of_somebody_else(alice: User, dana: User, program_of: ProgramOf) -> None:
    run = answered(asked(alice))

    given = program_of(dana).put(f"/api/runs/{run.id}/scores/correct", {"value": 1}, "application/json")

    assert given.status_code == 200
    assert [one["isMine"] for one in program_of(alice).get(f"/api/runs/{run.id}/scores").json()] == [False]


def test_the_page_of_the_api_names_no_other_server(client: Client, rows: None) -> None:
    page = client.get("/api/docs")

    assert page.status_code == 200
    assert "//" not in page.content.decode().replace("https://", "https:")
    assert "unsafe" not in page["Content-Security-Policy"]


def test_a_call_shows_the_arguments_a_person_put_in_their_place(alice: User, program_of: ProgramOf) -> None:
    call = call_of(asked(alice), raw_arguments="{}", edited_arguments='{"a": 1}', effect=Effect.READ)

    assert program_of(alice).get(f"/api/tool-calls/{call.id}").json()["arguments"] == '{"a": 1}'
