from typing import Annotated, Any

from pydantic import Field

from agents.database import in_database
from agents.models import Effect
from agents.tools.base import ToolContext, tool
from memory import knowledge


@tool(effect=Effect.READ, timeout=20)
async def search_knowledge(
    context: ToolContext,
    query: Annotated[str, Field(description="What to look for, in a few words or a question.", min_length=1)],
) -> dict[str, Any]:
    """Search the documents this person may read. Quote the passages you use and name their titles."""
    passages = await in_database(knowledge.search, query, user_id=context.user_id)
    found = [
        {"title": passage.title, "place": passage.place, "text": passage.text, "score": round(passage.score, 3)}
        for passage in passages
    ]
    return {"passages": found} if found else {"passages": [], "note": "Nothing relevant was found."}
