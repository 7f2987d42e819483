"""Alice's parrot, of which nobody else is told, and where to look for it."""

import json
from typing import Any

from django.db import connection

from accounts.models import User
from agents.models import Agent, Run, Trigger
from agents.triggers.firing import fire
from agents.triggers.keys import give_keys
from memory.models import Memory, MemoryEvent, MemoryPreference, Window
from tests.chat.knowing import conversation_of, knows, said_before

SECRET = "Xylander"
HERS = f"Has a parrot called {SECRET}"
QUESTION = "What is my parrot called?"


def parrot_of(alice: User) -> Memory:
    """What Alice said, in a conversation of hers that can be looked up."""
    place = conversation_of(alice, f"About {SECRET}")
    said_before(alice, f"Alice: my parrot is called {SECRET}", place.id)
    return knows(alice, HERS, thread_id=place.id, quote=f"My parrot is called {SECRET}")


def rows_of(user: User) -> list[Any]:
    models = (Memory, MemoryEvent, Window, MemoryPreference)
    return [list(model.objects.filter(user=user).order_by("pk").values()) for model in models]


def told(llm: Any, number: int = -1) -> str:
    """Everything the LLM was told in that request."""
    return json.dumps(llm.requests[number].body, ensure_ascii=False)


def triggered(user: User, agent: Agent) -> Run:
    trigger = Trigger(name=f"Minded {user.pk}", agent=agent, run_as=user, created_by=user, template=QUESTION)
    give_keys(trigger)
    trigger.save()
    run = fire(trigger, body="{}").run
    assert run
    return run


def places_of(*words: str) -> set[str]:
    """Every column of the database in which one of the words stands, whatever its type."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'tsvector', 'ARRAY')"
        )
        found = set()
        for table, column in cursor.fetchall():
            looks = " OR ".join([f'"{column}"::text ILIKE %s'] * len(words))
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE {looks})', [f"%{word}%" for word in words])
            if cursor.fetchone()[0]:
                found.add(f"{table}.{column}")
    return found
