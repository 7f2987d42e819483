"""What can go wrong between us and a server, told apart by what matters: may it have done something?"""

CODE_NOT_ASKED = -39001  # our own codes, beyond those of JSON-RPC; see agents.mcp.http
CODE_FORGOTTEN = -39002


class NotAsked(Exception):
    """Nothing was sent, or it was turned away; in words. `retry_after` is in seconds, where the server said."""

    def __init__(self, words: str, *, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class Forgotten(NotAsked):
    """The server does not know our session any more; a new connection may help."""


class Lost(Exception):
    """It was sent, and no answer came that can be understood."""


class Declined(Exception):
    """The server's own no."""
