"""Puts the chunks of a streamed Chat Completion together, forgiving what compatible servers get wrong."""

from dataclasses import dataclass, field
from typing import Any

from agents.llm.base import AskedCall, Usage


@dataclass
class _PartialCall:
    provider_call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ReplyAssembly:
    """Feed it the chunks in order, then read the attributes."""

    def __init__(self) -> None:
        self.finish_reason = ""
        self.llm_name = ""
        self.response_id = ""
        self.usage: Usage | None = None
        self._text: list[str] = []
        self._calls: list[_PartialCall] = []
        self._by_index: dict[int, _PartialCall] = {}

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def calls(self) -> tuple[AskedCall, ...]:
        return tuple(
            AskedCall(call.provider_call_id, call.name, "".join(call.arguments) or "{}")
            for call in self._calls
            if call.name
        )

    def feed(self, chunk: dict[str, Any]) -> tuple[str, bool]:
        """The new text, and whether the chunk brought anything at all (text, reasoning or a tool call)."""
        self.llm_name = chunk.get("model") or self.llm_name
        self.response_id = chunk.get("id") or self.response_id
        if usage := chunk.get("usage"):
            self.usage = _usage(usage)
        choices = chunk.get("choices")
        if not choices:
            return "", False
        choice = choices[0]
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        delta = choice.get("delta") or {}
        text = delta.get("content") or ""
        if text:
            self._text.append(text)
        asked = delta.get("tool_calls") or ()
        for fragment in asked:
            self._add(fragment)
        return text, bool(text or asked or delta.get("reasoning_content") or delta.get("reasoning"))

    def _add(self, fragment: dict[str, Any]) -> None:
        function = fragment.get("function") or {}
        call = self._call_of(fragment, function)
        call.provider_call_id = fragment.get("id") or call.provider_call_id
        call.name = call.name or function.get("name") or ""
        if arguments := function.get("arguments"):
            call.arguments.append(arguments)

    def _call_of(self, fragment: dict[str, Any], function: dict[str, Any]) -> _PartialCall:
        """Which call a fragment belongs to: by its index, but a new id or name under a used index is a new call.

        Some servers leave the index out, others send 0 for every call (ollama#7881, openai-python#2806).
        """
        index, call_id = fragment.get("index"), fragment.get("id")
        known = self._by_index.get(index) if index is not None else (self._calls[-1] if self._calls else None)
        is_other = known is not None and (
            (call_id and known.provider_call_id and call_id != known.provider_call_id)
            or (not call_id and function.get("name") and known.arguments)
        )
        if known is None or is_other:
            known = _PartialCall()
            self._calls.append(known)
            if index is not None:
                self._by_index[index] = known
        return known


def _usage(usage: dict[str, Any]) -> Usage:
    inputs, outputs = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return Usage(
        input=int(usage.get("prompt_tokens") or 0),
        output=int(usage.get("completion_tokens") or 0),
        cached=int(inputs.get("cached_tokens") or 0),
        reasoning=int(outputs.get("reasoning_tokens") or 0),
    )
