"""When people are asked before a tool runs, and who: the policy an agent's version sets for each of its tools."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST_HOURS = 24 * 90


class Level(BaseModel):
    """One step of the chain. `who` is `requester`, `staff`, `group:NAME` or `user:EMAIL`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: str = Field(default="requester", pattern=r"^(requester|staff|group:.+|user:.+@.+)$", max_length=160)
    needed: int = Field(default=1, ge=1, le=10)
    expires_hours: float = Field(default=72, gt=0, le=LONGEST_HOURS)
    on_expiry: Literal["deny", "escalate"] = "deny"

    @property
    def expires_after(self) -> timedelta:
        return timedelta(hours=self.expires_hours)


class Policy(BaseModel):
    """Which calls of one tool people are asked about, and in which order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: Literal["always", "never"] = "always"
    levels: tuple[Level, ...] = Field(default=(Level(),), min_length=1, max_length=5)

    def asks(self) -> bool:
        return self.when == "always"

    @property
    def words(self) -> str:
        return "This agent's policy asks before every call of this tool."


def policies_of(approvals: dict[str, object]) -> dict[str, Policy]:
    """The policies of an agent's version by tool. Raises pydantic's ValidationError."""
    return {tool: Policy.model_validate(policy) for tool, policy in approvals.items()}
