"""What an AG-UI client is told when a run is told again: each thing once, however often and wherever that happens."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chat.agui import Telling
from tests.api.streams import assert_strict

Event = dict[str, Any]
TEXT = "one two three four"


def event(kind: str, **fields: Any) -> Event:
    return {"type": kind, "timestamp": 1, "metadata": {"seq": 1, "runId": "run", "threadId": "thread"}, **fields}


def started() -> list[Event]:
    """How every attempt and every snapshot begins."""
    question = {"messageId": "question"}
    return [
        event("RUN_STARTED", runId="run", threadId="thread"),
        event("TEXT_MESSAGE_START", role="user", **question),
        event("TEXT_MESSAGE_CONTENT", delta="Count", **question),
        event("TEXT_MESSAGE_END", **question),
    ]


def told(events: list[Event]) -> list[Event]:
    telling = Telling(root="run", thread_id="my thread", run_id="my run")
    return [said for one in events for said in telling.take(one)]


def text_of(events: list[Event], message: str = "answer") -> str:
    return "".join(one["delta"] for one in events if one.get("messageId") == message and "delta" in one)


def finished() -> Event:
    return event("RUN_FINISHED", runId="run", threadId="thread", outcome={"type": "success"})


@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)))))
def test_a_text_that_is_told_again_and_again_arrives_once(tellings: list[tuple[int, int]]) -> None:
    """Each telling begins with what the rows hold, which may be less than was told before, and goes on from there."""
    answer = {"messageId": "answer"}
    events: list[Event] = []
    for saved, upto in [*tellings, (0, len(TEXT))]:
        events += [*started(), event("TEXT_MESSAGE_START", role="assistant", **answer)]
        events += [event("TEXT_MESSAGE_CONTENT", delta=TEXT[:saved], **answer)] if saved else []
        events += [event("TEXT_MESSAGE_CONTENT", delta=letter, **answer) for letter in TEXT[saved:upto]]
    heard = told([*events, event("TEXT_MESSAGE_END", **answer), finished()])

    assert_strict(heard)
    assert text_of(heard) == TEXT
    assert "message.superseded" not in str(heard)


def of_task(one: Event, run: str = "task") -> Event:
    return one | {"metadata": one["metadata"] | {"runId": run}}


def task_started(parent: str = "run", run: str = "task") -> Event:
    agent, above = {"slug": "clerk", "name": "Clerk"}, {"runId": parent, "toolCallId": "call"}
    begun = event("RUN_STARTED", runId=run, threadId="thread")
    begun["metadata"] |= {"runId": run, "agent": agent, "parent": above, "status": "running"}
    return begun


@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.booleans())))
def test_a_task_that_is_told_again_and_again_is_one_subagent(tellings: list[tuple[int, bool]]) -> None:
    answer = {"messageId": "answer"}
    events = started()
    for upto, is_root_told_too in [*tellings, (len(TEXT), False)]:
        events += [*(started() if is_root_told_too else ()), task_started()]
        events.append(of_task(event("TEXT_MESSAGE_START", role="assistant", **answer)))
        events += [of_task(event("TEXT_MESSAGE_CONTENT", delta=letter, **answer)) for letter in TEXT[:upto]]
    end = [of_task(event("TEXT_MESSAGE_END", **answer)), of_task(finished())]
    heard = told([*events, *end, task_started(), *end, finished()])

    assert_strict(heard)
    assert text_of(heard) == TEXT
    assert [one["type"] for one in heard if one["type"].startswith("SUBAGENT")] == [
        "SUBAGENT_STARTED", "SUBAGENT_FINISHED",
    ]  # fmt: skip


def test_a_task_of_another_question_is_not_told() -> None:
    heard = told([*started(), task_started(parent="other"), of_task(finished()), finished()])

    assert [one["type"] for one in heard] == ["RUN_STARTED", "RUN_FINISHED"]


def test_what_is_still_at_work_below_is_closed_with_the_run() -> None:
    said = of_task(event("TEXT_MESSAGE_START", role="assistant", messageId="answer"))
    stopped = event("RUN_FINISHED", runId="run", threadId="thread", outcome={"type": "cancelled"})
    below = task_started(parent="task", run="below")
    heard = told([*started(), task_started(), said, below, stopped])

    assert_strict(heard)
    ends = [(one["subagentRunId"], one["code"]) for one in heard if one["type"] == "SUBAGENT_ERROR"]
    assert ends == [("below", "cancelled"), ("task", "cancelled")]


def test_what_a_lost_attempt_left_unfinished_is_closed_and_void() -> None:
    lost, again = {"messageId": "lost"}, {"messageId": "answer"}
    heard = told(
        [
            *started(),
            event("TEXT_MESSAGE_START", role="assistant", **lost),
            event("TEXT_MESSAGE_CONTENT", delta="one", **lost),
            *started(),
            event("TEXT_MESSAGE_START", role="assistant", **again),
            event("TEXT_MESSAGE_CONTENT", delta=TEXT, **again),
            event("TEXT_MESSAGE_END", **again),
            finished(),
        ]
    )

    assert_strict(heard)
    (void,) = [one["value"]["messageId"] for one in heard if one.get("name") == "message.superseded"]
    assert (void, text_of(heard)) == ("lost", TEXT)


def test_a_text_that_is_void_is_said_to_be_so_once() -> None:
    lost = {"messageId": "lost"}
    void = event("CUSTOM", name="message.superseded", value={"messageId": "lost", "reason": "The model failed."})
    heard = told(
        [
            *started(),
            event("TEXT_MESSAGE_START", role="assistant", **lost),
            event("TEXT_MESSAGE_CONTENT", delta="one", **lost),
            event("TEXT_MESSAGE_END", **lost),
            void,
            void,
            finished(),
        ]
    )

    assert_strict(heard)
    assert sum(one.get("name") == "message.superseded" for one in heard) == 1


def test_a_tool_call_and_its_result_are_told_once() -> None:
    call = {"toolCallId": "call"}
    asked = [
        event("TOOL_CALL_START", toolCallName="calculator", **call),
        event("TOOL_CALL_ARGS", delta="{}", **call),
        event("TOOL_CALL_END", **call),
    ]
    status = event("CUSTOM", name="tool.status", value={"toolCallId": "call", "status": "succeeded"})
    result = event("TOOL_CALL_RESULT", messageId="call-result", content="42", **call)

    heard = told(
        [*started(), *asked, *started(), *asked, status, result, *started(), *asked, status, result, finished()]
    )

    assert_strict(heard)
    calls = ["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "CUSTOM", "TOOL_CALL_RESULT"]
    assert [one["type"] for one in heard] == ["RUN_STARTED", *calls, "RUN_FINISHED"]


def test_a_question_that_was_withdrawn_ends_in_words() -> None:
    heard = told([*started(), event("CUSTOM", name="run.removed", value={"runId": "run"})])

    assert_strict(heard)
    assert (heard[-1]["type"], heard[-1]["code"]) == ("RUN_ERROR", "withdrawn")


def test_the_ids_are_the_clients_and_ours_stand_in_the_metadata() -> None:
    heard = told([*started(), finished()])

    assert {(one["threadId"], one["runId"]) for one in heard} == {("my thread", "my run")}
    assert {one["metadata"]["runId"] for one in heard} == {"run"}
