"""LoCoMo (Maharana et al., ACL 2024) as it is published: conversations of two people, questions with their evidence.

Not part of Plumbline and not to be shipped (CC BY-NC 4.0): say where your copy is.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
MOMENT = "%I:%M %p on %d %B, %Y"


@dataclass(frozen=True)
class Turn:
    id: str
    speaker: str
    text: str


@dataclass(frozen=True)
class Session:
    said_at: datetime
    turns: list[Turn]


@dataclass(frozen=True)
class Fact:
    """One of the data set's own observations, in the place of what an extractor would find."""

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    text: str
    category: int
    evidence: frozenset[str]


@dataclass(frozen=True)
class Conversation:
    sessions: list[Session]
    facts: list[Fact]
    questions: list[Question]


def read(path: Path) -> list[Conversation]:
    return [_conversation(sample) for sample in json.loads(path.read_text())]


def _conversation(sample: dict[str, Any]) -> Conversation:
    talk, sessions = sample["conversation"], []
    for number in count(1):
        if f"session_{number}" not in talk:
            break
        said_at = datetime.strptime(talk[f"session_{number}_date_time"], MOMENT)
        sessions.append(Session(said_at.replace(tzinfo=UTC), [_turn(turn) for turn in talk[f"session_{number}"]]))
    told = [fact for by_speaker in sample["observation"].values() for facts in by_speaker.values() for fact in facts]
    questions = [Question(str(one["question"]), one["category"], _ids(one.get("evidence", []))) for one in sample["qa"]]
    return Conversation(
        sessions,
        [Fact(text, tuple(sorted(_ids(evidence)))) for text, evidence in told],
        [question for question in questions if question.evidence],
    )


def _turn(turn: dict[str, Any]) -> Turn:
    photo = f" (shares a photo: {turn['blip_caption']})" if turn.get("blip_caption") else ""
    return Turn(turn["dia_id"], turn["speaker"], turn["text"] + photo)


def _ids(said: str | list[str]) -> frozenset[str]:
    """`["D1:3; D2:4"]` names two turns."""
    return frozenset(re.findall(r"D\d+:\d+", " ".join([said] if isinstance(said, str) else said)))
