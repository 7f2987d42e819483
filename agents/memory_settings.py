"""What an agent remembers, recalls and can hold in mind: `AgentVersion.memory`, checked."""

from typing import Annotated

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

SMALLEST_CONTEXT = 2_000


class MemorySettings(BaseModel):
    """An empty object is the default of each. Tokens are those of one request to the LLM."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    learns: bool = True  # new memories are made of what people say to this agent
    recalls: bool = True  # what is known about the person is used in its answers
    follows_procedures: bool = True  # what was found to work is told to it
    recall_tokens: Annotated[int, Field(ge=0, le=20_000)] = 1_200
    context_tokens: Annotated[int, Field(ge=SMALLEST_CONTEXT, le=4_000_000)] | None = None

    @property
    def most_context_tokens(self) -> int:
        """What a request may hold altogether, without what the LLM knows of its own limit."""
        return self.context_tokens or settings.CONTEXT_TOKENS
