"""How a server is reached, as plain values, and what must not be said of it."""

from dataclasses import dataclass, field

from agents.models import MCPServer, Transport
from agents.secrets import unsealed

SHORTEST_MASKED = 4


@dataclass(frozen=True)
class Server:
    """Two are equal when nothing about the way to them differs. `secrets` are environment variables or headers."""

    id: int
    name: str
    transport: Transport
    command: tuple[str, ...] = ()
    url: str = ""
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, row: MCPServer) -> "Server":
        return cls(
            id=row.pk,
            name=row.name,
            transport=Transport(row.transport),
            command=(row.command, *row.arguments) if row.transport == Transport.STDIO else (),
            url=row.url if row.transport == Transport.HTTP else "",
            secrets=tuple((name, unsealed(token)) for name, token in sorted(row.secrets.items())),
        )

    def masked(self, text: str) -> str:
        """The text without our secrets: what a server says may be what it was told."""
        for _, value in self.secrets:
            for secret in {value, value.removeprefix("Bearer ").strip()}:
                if len(secret) >= SHORTEST_MASKED:
                    text = text.replace(secret, "•••")
        return text
