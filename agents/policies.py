"""When people are asked before a tool runs, and who: the policy an agent's version sets for each of its tools."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agents import conditions

LONGEST_HOURS = 24 * 90
ALWAYS, NEVER = "always", "never"


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
    """Which calls of one tool people are asked about, and in which order.

    `when` is `always`, `never` or a condition on the arguments (`agents.conditions`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str = ALWAYS
    levels: tuple[Level, ...] = Field(default=(Level(),), min_length=1, max_length=5)

    @field_validator("when")
    @classmethod
    def _is_readable(cls, when: str) -> str:
        if when not in (ALWAYS, NEVER):
            conditions.read(when)
        return when.strip()

    @property
    def may_ask(self) -> bool:
        """Whether there are arguments about which people are asked."""
        return self.when != NEVER

    def asks(self, arguments: str) -> bool:
        """Whether people are asked about a call with these arguments; also when the condition cannot be told."""
        if self.when in (ALWAYS, NEVER):
            return self.may_ask
        try:
            return conditions.read(self.when).holds(arguments)
        except conditions.Untold:
            return True

    def words(self, arguments: str) -> str:
        """Why people are asked about a call with these arguments."""
        if self.when == ALWAYS:
            return "This agent's policy asks before every call of this tool."
        try:
            conditions.read(self.when).holds(arguments)
        except conditions.Untold as untold:
            return f"This agent's policy asks when {self.when}, and here that cannot be told: {untold}."
        return f"This agent's policy asks when {self.when}, and here it is so."


def policies_of(approvals: dict[str, object]) -> dict[str, Policy]:
    """The policies of an agent's version by tool. Raises pydantic's ValidationError."""
    return {tool: Policy.model_validate(policy) for tool, policy in approvals.items()}
