"""Programs: what talks to the API in a person's name."""

from collections.abc import Callable

from django.test import Client

from accounts.models import Scope, User
from accounts.tokens import create_token
from agents.models import Run, Thread
from chat import programs

ProgramOf = Callable[..., Client]


def token_for(user: User, *scopes: Scope) -> str:
    """The secret of a new token of that person, with all scopes unless some are named."""
    granted = scopes or tuple(Scope)
    _, secret = create_token(user=user, name=f"token {user.api_tokens.count() + 1}", scopes=granted)
    return secret


def program_for(user: User, *scopes: Scope) -> Client:
    """A program that works for that person."""
    return Client(headers={"Authorization": f"Bearer {token_for(user, *scopes)}"})


def asked(user: User, text: str = "What is 6 × 7?", thread: Thread | None = None) -> Run:
    """A question of that person that waits for a worker."""
    place = (
        programs.Place(thread_id=thread.id)
        if thread
        else programs.somewhere_new(agent_slug=None, is_conversation=False)
    )
    run, _ = programs.ask(user=user, text=text, place=place, request_id=None)
    return run
