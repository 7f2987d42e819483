"""The suite talks to this machine and to nobody else."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any


class BeyondLoopback(AssertionError):
    """A test tried to reach another machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def only() -> Iterator[None]:
    """Refuse every connection and every look-up that leaves the machine."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_strangers(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_strangers(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse_stranger(host)
        return getaddrinfo(host, *args, **kwargs)

    try:
        _put(guarded_connect, guarded_connect_ex, guarded_getaddrinfo)
        yield
    finally:
        _put(connect, connect_ex, getaddrinfo)


def _put(connect: Any, connect_ex: Any, getaddrinfo: Any) -> None:
    socket.socket.connect = connect  # type: ignore[method-assign]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = getaddrinfo


def _refuse_strangers(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        _refuse_stranger(address[0])


def _refuse_stranger(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    try:
        is_here = ip_address(name).is_loopback or ip_address(name).is_unspecified
    except ValueError:
        is_here = False
    if not is_here:
        raise BeyondLoopback(f"A test must not reach {name}.")
