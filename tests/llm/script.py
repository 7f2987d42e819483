"""What the scripted LLM says: one reply, and every way in which an endpoint can get it wrong."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Literal


@dataclass(frozen=True)
class Call:
    """A tool call the LLM asks for; `arguments` is the text it sends, well-formed or not."""

    name: str
    arguments: str
    id: str | None = None


def call(name: str, **arguments: Any) -> Call:
    return Call(name, json.dumps(arguments))


@dataclass(frozen=True, kw_only=True)
class Script:
    """One reply. The fields up to `line_end` describe good ones, those below it bad ones."""

    text: str = ""
    deltas: tuple[str, ...] | None = None
    calls: tuple[Call, ...] = ()
    finish_reason: str | None = None
    input_tokens: int = 20
    cached_tokens: int = 0
    output_tokens: int = 10
    omit_usage: bool = False
    delay: float = 0
    pause_after: int | None = None
    stall_after: int | None = None
    tool_index: Literal["counted", "omit", "zero"] = "counted"
    packets: Literal["each", "joined", "split"] = "each"
    line_end: str = "\n"

    hang: bool = False
    status: int = 200
    retry_after: float | None = None
    error_body: Literal["openai", "plain"] = "openai"
    error: str = "The server had an error."
    html: bool = False
    comments_only: bool = False
    truncate: bool = False
    cut_after: int | None = None
    broken_json: bool = False
    half_arguments: bool = False
    error_event: bool = False

    def pieces(self) -> tuple[str, ...]:
        """The text in the pieces it is streamed in: those asked for, else its words."""
        return tuple(re.findall(r"\s*\S+|\s+$", self.text)) if self.deltas is None else self.deltas


@dataclass(frozen=True)
class Ponder:
    """Until the test releases the reply, think aloud: no clock of the client runs out."""

    thought: bytes


class Moment(Enum):
    HOLD = auto()  # say nothing until the test releases the reply or the client leaves
    RESET = auto()  # break the connection
    CLOSE = auto()  # end the reply


Step = bytes | float | Ponder | Moment  # bytes to send, seconds to wait, or a moment


def steps(script: Script, body: dict[str, Any]) -> Iterator[Step]:
    """The reply to the request `body`, in the order in which it goes over the wire."""
    if script.hang:
        yield Moment.HOLD
    if script.status != 200:
        yield from _refusal(script)
    elif script.html:
        yield _head("text/html; charset=utf-8") + _chunk(b"<!doctype html><title>Welcome</title><p>Please log in.")
        yield Moment.CLOSE
    elif not body.get("stream"):
        yield _plain(200, "application/json", json.dumps(_completion(script, body)).encode())
    else:
        yield _head("text/event-stream")
        yield from _stream(script, body)


def plain_json(status: int, value: Any) -> bytes:
    return _plain(status, "application/json", json.dumps(value).encode())


def error_of(message: str, kind: str = "server_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def _refusal(script: Script) -> Iterator[Step]:
    headers = "" if script.retry_after is None else f"Retry-After: {script.retry_after:g}\r\n"
    if script.error_body == "plain":
        yield _plain(script.status, "text/plain", script.error.encode(), headers)
    else:
        yield _plain(script.status, "application/json", json.dumps(error_of(script.error)).encode(), headers)


def _stream(script: Script, body: dict[str, Any]) -> Iterator[Step]:
    if script.comments_only:
        while True:
            yield _chunk(b": keep-alive\n\n")
            yield 0.02
    events = [_event(script, chunk) for chunk in _text_chunks(script, body)]
    for number, event in enumerate(events):
        yield from _held(script, number, body)
        if script.cut_after == number:
            yield _chunk(event)[: len(event) // 2]
            yield Moment.RESET
        yield from _sent(script, event)
    yield from _held(script, len(events), body)
    if script.cut_after is not None:
        yield Moment.RESET
    if script.error_event:
        yield _chunk(_event(script, error_of(script.error)))
    elif script.broken_json:
        yield _chunk(_event(script, '{"id": "chatcmpl-1", "choices": [{"delta": {"content": "ha'))
    elif not script.truncate:
        yield from _sent(script, b"".join(_event(script, chunk) for chunk in _last_chunks(script, body)))
    yield Moment.CLOSE


def _held(script: Script, number: int, body: dict[str, Any]) -> Iterator[Step]:
    """What happens before piece `number`, if anything."""
    if script.pause_after == number:
        yield Ponder(_chunk(_event(script, _part(body, {"reasoning_content": "Hm. "}))))
    if script.stall_after == number:
        yield Moment.HOLD


def _sent(script: Script, event: bytes) -> Iterator[Step]:
    """One event in one packet, or in two, or (without a pause between them) in the packet of its neighbours."""
    if script.packets == "split":
        half = len(event) // 2
        yield _chunk(event[:half])
        yield 0.002
        yield _chunk(event[half:])
    else:
        yield _chunk(event)
    if script.packets != "joined":
        yield script.delay


def _text_chunks(script: Script, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number, piece in enumerate(script.pieces()):
        yield _part(body, {"content": piece} if number else {"role": "assistant", "content": piece})


def _last_chunks(script: Script, body: dict[str, Any]) -> Iterator[dict[str, Any] | str]:
    for delta in _call_deltas(script):
        yield _part(body, {"tool_calls": [delta]})
    yield _part(body, {}, finish_reason=_finish_reason(script))
    if not script.omit_usage and (body.get("stream_options") or {}).get("include_usage"):
        yield _part(body, None) | {"usage": _usage(script)}
    yield "[DONE]"


def _call_deltas(script: Script) -> Iterator[dict[str, Any]]:
    """Each call in two pieces, as endpoints do it: the first carries id and name, the second only more arguments."""
    for number, asked in enumerate(script.calls):
        index = {"counted": {"index": number}, "zero": {"index": 0}, "omit": {}}[script.tool_index]
        half = len(asked.arguments) // 2
        opening = {"name": asked.name, "arguments": asked.arguments[:half]}
        yield {**index, "id": _call_id(number, asked), "type": "function", "function": opening}
        if not script.half_arguments:
            yield {**index, "function": {"arguments": asked.arguments[half:]}}


def _completion(script: Script, body: dict[str, Any]) -> dict[str, Any]:
    functions = [{"name": asked.name, "arguments": asked.arguments} for asked in script.calls]
    tool_calls = [
        {"id": _call_id(number, script.calls[number]), "type": "function", "function": function}
        for number, function in enumerate(functions)
    ]
    message = {"role": "assistant", "content": "".join(script.pieces()) or None}
    choice = {
        "index": 0,
        "message": message | ({"tool_calls": tool_calls} if tool_calls else {}),
        "finish_reason": _finish_reason(script),
    }
    frame = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body.get("model")}
    usage = {} if script.omit_usage else {"usage": _usage(script)}
    return {**frame, "choices": [choice], **usage}


def _part(body: dict[str, Any], delta: dict[str, Any] | None, *, finish_reason: str | None = None) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": body.get("model"),
        "choices": choices,
    }


def _usage(script: Script) -> dict[str, Any]:
    return {
        "prompt_tokens": script.input_tokens,
        "completion_tokens": script.output_tokens,
        "total_tokens": script.input_tokens + script.output_tokens,
        "prompt_tokens_details": {"cached_tokens": script.cached_tokens},
    }


def _finish_reason(script: Script) -> str:
    usual = "length" if script.half_arguments else "tool_calls" if script.calls else "stop"
    return script.finish_reason or usual


def _call_id(number: int, asked: Call) -> str:
    return f"call_{number}" if asked.id is None else asked.id


def _event(script: Script, chunk: dict[str, Any] | str) -> bytes:
    data = chunk if isinstance(chunk, str) else json.dumps(chunk, ensure_ascii=False)
    return f"data: {data}{script.line_end * 2}".encode()


def _head(media_type: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _plain(status: int, media_type: str, content: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {media_type}\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
    return head.encode() + content
