from typing import Annotated, Any, Literal

from pydantic import Field

from agents.database import in_database
from agents.learning import asked
from agents.models import Effect
from agents.tools.base import ToolContext, ToolError, tool
from memory.models import MemoryKind
from memory.models.memories import LONGEST_MEMORY


@tool(effect=Effect.IDEMPOTENT, timeout=20)
async def remember(
    context: ToolContext,
    text: Annotated[
        str,
        Field(
            description="One short sentence about the person that stands alone, with dates instead of “tomorrow”.",
            examples=["Has a dog called Rex", "Lives in Lisbon"],
            min_length=2,
            max_length=LONGEST_MEMORY,
        ),
    ],
    kind: Annotated[
        Literal["fact", "preference", "event"], Field(description="preference: how they want things or answers.")
    ] = "fact",
    key: Annotated[
        str, Field(description="What it says, where it has one value: name, home, employer, answer_language …")
    ] = "",
    value: Annotated[str, Field(description="That value alone, for example Lisbon.")] = "",
) -> dict[str, Any]:
    """Remember something for later conversations, because the person asked for it. Never use it on your own account."""
    try:
        kept = await in_database(asked.keep, context.run_id, text=text, kind=MemoryKind(kind), key=key, value=value)
    except asked.NotDone as reason:
        raise ToolError(f"It was not remembered. {reason}") from None
    replaced = [memory.text for one in kept for memory in one.replaced]
    told = {"remembered": [one.memory.text for one in kept if one.memory]}
    return told | ({"in_the_place_of": replaced} if replaced else {})
