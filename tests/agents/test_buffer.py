"""What goes into a request: whole turns while they fit, the newest always, and every call with its result."""

from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from agents.buffer import Fit, Measure, fit, turns_of
from agents.models import CallStatus, Effect
from agents.prompt import messages_of, result_of
from agents.transcript import Answer, Call, Entry, Question
from tests.drills.obedient import imbalances

SPARE = 100
ARGUMENTS = '{"page": 1}'


def size(messages) -> int:
    """A token a character: what is counted does not matter here."""
    return sum(
        4 + len(said["content"] or "") + sum(len(one["function"]["arguments"]) for one in said.get("tool_calls") or ())
        for said in messages
    )


def spared(call: Call) -> int:
    return size([result_of(call)]) - size([result_of(call, is_unread=True)])


MEASURE = Measure(entry=lambda entry: size(messages_of(entry)), spared=spared)
words = st.integers(0, 900).map(lambda count: "w" * count)
calls = words.map(lambda result: Call(uuid7(), "look", ARGUMENTS, Effect.READ, CallStatus.SUCCEEDED, result))
answers = st.builds(Answer, words, st.lists(calls, max_size=3)) | st.builds(
    Answer, words, complaint=st.just("No JSON.")
)
turns = st.builds(
    lambda text, said: [Question(f"? {text}"), *said],
    words,
    st.lists(answers, max_size=4),
)
conversations = st.lists(turns, min_size=1, max_size=8)


def window(conversation: list[list[Entry]], *, fixed: int, budget: int) -> tuple[list[Entry], Fit]:
    """What is sent in the end when whatever leaves is gone at once; and how it fits."""
    kept, before = [entry for turn in conversation for entry in turn], 0
    while (found := fit(kept, MEASURE, fixed=fixed + before, spare=SPARE - before, budget=budget)).leaving:
        kept = [entry for turn in turns_of(kept)[found.leaving :] for entry in turn]
        before = SPARE
    return kept, found


@given(conversation=conversations, fixed=st.integers(0, 500), budget=st.integers(500, 6_000))
def test_a_request_is_within_its_budget_if_that_is_possible(conversation, fixed, budget):
    kept, found = window(conversation, fixed=fixed, budget=budget)

    messages = [said for entry in kept for said in messages_of(entry, unread=found.unread)]
    summary = SPARE if len(kept) < sum(map(len, conversation)) else 0
    assert found.tokens == fixed + summary + size(messages)
    if found.tokens > budget:  # then only the last turn is left, with no result but the newest
        made = [call for entry in kept if isinstance(entry, Answer) for call in entry.calls]
        assert len(turns_of(kept)) == 1
        assert found.unread >= {call.id for call in made[:-1] if spared(call) > 0}


@given(conversation=conversations, fixed=st.integers(0, 500), budget=st.integers(500, 6_000))
def test_what_is_sent_is_the_end_of_the_conversation_in_whole_turns(conversation, fixed, budget):
    kept, found = window(conversation, fixed=fixed, budget=budget)

    everything = [entry for turn in conversation for entry in turn]
    assert everything[len(everything) - len(kept) :] == kept
    assert turns_of(kept) == conversation[len(conversation) - len(turns_of(kept)) :]
    assert conversation[-1][0] in kept
    assert imbalances([said for entry in kept for said in messages_of(entry, unread=found.unread)]) == []


@given(conversation=conversations, budget=st.integers(500, 6_000))
def test_the_newest_result_is_always_whole(conversation, budget):
    kept, found = window(conversation, fixed=0, budget=budget)

    made = [call for entry in kept if isinstance(entry, Answer) for call in entry.calls]
    assert not made or made[-1].id not in found.unread


def test_what_fits_is_left_alone():
    conversation: list[Entry] = [Question("a" * 100), Answer("b" * 100), Question("c" * 100)]

    assert fit(conversation, MEASURE, fixed=10, spare=SPARE, budget=400) == Fit(tokens=322)


def test_when_turns_leave_there_is_room_for_more_than_the_next_one():
    conversation: list[Entry] = [entry for _ in range(10) for entry in (Question("q" * 46), Answer("a" * 46))]

    found = fit(conversation, MEASURE, fixed=0, spare=SPARE, budget=990)

    assert found.leaving == 6  # four turns of a hundred and the summary take no more than 60 %
    assert found.tokens == 500


def test_results_are_left_out_oldest_first_and_no_more_than_needed():
    looked = [Call(uuid7(), "look", "{}", Effect.READ, CallStatus.SUCCEEDED, "r" * 1_000) for _ in range(4)]
    conversation: list[Entry] = [Question("Look."), *(Answer("", [call]) for call in looked)]

    found = fit(conversation, MEASURE, fixed=0, spare=SPARE, budget=2_500)

    assert found.unread == {looked[0].id, looked[1].id}
