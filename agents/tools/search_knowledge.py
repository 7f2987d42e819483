from typing import Annotated, Any

from pydantic import Field

from agents.database import in_database
from agents.models import Effect, ToolCall
from agents.tools.base import ToolContext, tool
from memory import knowledge
from memory.knowledge import Passage

MOST_PASSAGES = 5


@tool(effect=Effect.READ, timeout=20)
async def search_knowledge(
    context: ToolContext,
    query: Annotated[str, Field(description="What to look for, in a few words or a question.", min_length=1)],
) -> dict[str, Any]:
    """Search the documents this person may read.

    Each passage has a number. Behind every statement you take from a passage write its number in square brackets, for
    example [3], or [3][5] for two. The person sees these as links to the passages. Cite only numbers given to you here.
    """
    return await in_database(_found, query, context)


def _found(query: str, context: ToolContext) -> dict[str, Any]:
    passages = knowledge.search(query, user_id=context.user_id, agent_id=context.agent_id, limit=MOST_PASSAGES)
    if not passages:
        return {"passages": [], "note": "Nothing relevant was found."}
    first = _searches_before(context) * MOST_PASSAGES + 1
    return {"passages": [_told(number, passage) for number, passage in enumerate(passages, start=first)]}


def _told(number: int, passage: Passage) -> dict[str, Any]:
    told = {"number": number, "title": passage.title, "place": passage.place, "page": passage.page}
    told |= {"text": passage.text, "document": str(passage.document_id), "passage": passage.position}
    return {name: value for name, value in told.items() if value not in ("", None)}


def _searches_before(context: ToolContext) -> int:
    """How many searches the run asked for before this one, so that a number means one passage in the whole run.

    By the rows and not by a counter: the same call gets the same numbers however often it is made, and beside others.
    """
    asked = ToolCall.objects.filter(run=context.run_id, name=search_knowledge.name)
    ordered = asked.order_by("message__position", "position").only("run_id")
    keys = [call.idempotency_key for call in ordered]
    return keys.index(context.idempotency_key) if context.idempotency_key in keys else 0
