from typing import Annotated, Any

from pydantic import Field

from agents.database import in_database
from agents.learning import asked
from agents.models import Effect
from agents.tools.base import ToolContext, ToolError, tool


@tool(effect=Effect.IDEMPOTENT, timeout=20)
async def forget(
    context: ToolContext,
    what: Annotated[
        str, Field(description="What to forget, in the words in which it is known if you have them.", min_length=2)
    ],
) -> dict[str, Any]:
    """Forget one thing that is known about the person, because they asked for it. Where several fit, ask which one."""
    try:
        done = await in_database(asked.put_away, context.run_id, what=what, agent_id=context.agent_id)
    except asked.NotDone as reason:
        raise ToolError(f"Nothing was forgotten. {reason}") from None
    if done.memory is None:
        return {"which_one": [memory.text for memory in done.could_be], "note": "Nothing is forgotten yet: ask which."}
    return {
        "forgotten": done.memory.text,
        "note": f"It is not used any more. It can be deleted for good on {asked.PAGE}.",
    }
