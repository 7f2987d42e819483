"""What a rule may want: call a tool, or say something."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ask:
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Say:
    text: str
    is_small_talk: bool = False  # left out when there is something real to answer


@dataclass(frozen=True)
class Result:
    """What a called tool has said."""

    tool: str
    arguments: dict[str, Any]
    content: str

    @property
    def is_error(self) -> bool:
        return self.content.startswith("Error: ")

    @property
    def words(self) -> str:
        return self.content.removeprefix("Error: ").strip()


Step = Ask | Say
