"""Server-sent events as bytes arrive."""

import pytest

from agents.llm.sse import LONGEST_LINE, DataLines, LineTooLong


def test_an_event_is_complete_with_its_blank_line_however_it_is_cut():
    lines = DataLines()

    events = [
        event
        for byte in b"data: one\r\n\r\n: a comment\n\ndata:two\ndata: three\n\n"
        for event in lines.feed(bytes([byte]))
    ]

    assert events == [b"one", b"two\nthree"]


def test_the_last_event_may_lack_its_blank_line():
    lines = DataLines()

    assert lines.feed(b"data: one\n") == []
    assert lines.rest() == [b"one"]


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory():
    lines = DataLines()

    with pytest.raises(LineTooLong):
        for _ in range(LONGEST_LINE // 100_000 + 2):
            lines.feed(b"x" * 100_000)
