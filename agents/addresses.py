"""Which addresses of the net an agent may reach: those of the world, never those of this house."""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

Allowed = Callable[[str], bool]

# What carries an IPv4 address inside and is routed to it: 6to4, Teredo, NAT64.
TUNNELS = (
    IPv6Network("2002::/16"),
    IPv6Network("2001::/32"),
    IPv6Network("64:ff9b::/96"),
    IPv6Network("64:ff9b:1::/48"),
)


class NotAllowed(OSError):
    """A name that leads to an address no agent may reach."""


def is_public(address: str) -> bool:
    """Whether an address is one of the open net: not private, loopback, link-local, reserved or multicast."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return _is_global(found.ipv4_mapped)
        if any(found in tunnel for tunnel in TUNNELS):
            return False
    return _is_global(found)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


class CheckedResolver(AbstractResolver):
    """Looks names up and hands out only what was checked: the connection goes there and nowhere else."""

    def __init__(self, is_allowed: Allowed = is_public) -> None:
        self._is_allowed = is_allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        addresses = [(kind, protocol, str(place[0]), place[1]) for kind, _, protocol, _, place in found]
        if refused := [address for _, _, address, _ in addresses if not self._is_allowed(address)]:
            raise NotAllowed(f"{host} leads to {refused[0]}, which is not an address of the open net")
        return [
            ResolveResult(
                hostname=host, host=address, port=int(at), family=kind, proto=protocol, flags=socket.AI_NUMERICHOST
            )
            for kind, protocol, address, at in addresses
        ]

    async def close(self) -> None:
        return None
