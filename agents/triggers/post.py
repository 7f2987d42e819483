"""One POST request to an address of the open net, or to a host the operator has named in `TRIGGER_HOSTS`."""

import asyncio
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings

from agents.addresses import CheckedResolver, NotAllowed, is_public

SECONDS = 10
LONGEST_URL = 1000


class NotTaken(Exception):
    """The other side did not take it; in words."""


def problem_of_url(url: str) -> str:
    """Why nothing can be posted to a URL, as far as it tells itself; empty when it can be tried."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "This is not a URL."
    if parts.scheme not in ("http", "https") or not host or len(url) > LONGEST_URL:
        return "The URL must begin with https:// or http:// and name a host."
    if parts.username or parts.password:
        return "The URL must not carry a name or password; what is sent is signed."
    if _is_address(host) and not (is_public(host) or _is_named(host)):
        return f"{host} is not an address of the open net; an administrator can allow it in TRIGGER_HOSTS."
    return ""


def post(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Send it, within ten seconds and without following anybody elsewhere. Raises NotTaken."""
    if problem := problem_of_url(url):
        raise NotTaken(problem)
    asyncio.run(_post(url, body, headers))


async def _post(url: str, body: bytes, headers: dict[str, str]) -> None:
    host = urlsplit(url).hostname or ""
    resolver = CheckedResolver((lambda address: True) if _is_named(host) else is_public)
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=1)
    times = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=times, trust_env=False) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            status = response.status
    except aiohttp.ClientConnectorError as error:
        words = error.os_error if isinstance(error.os_error, NotAllowed) else f"{host} cannot be reached"
        raise NotTaken(f"{words}.") from error
    except TimeoutError:
        raise NotTaken(f"{host} did not answer within {SECONDS} seconds.") from None
    except (aiohttp.ClientError, ValueError, OSError) as error:
        raise NotTaken(f"{host} did not answer as it should ({type(error).__name__}).") from error
    if not 200 <= status < 300:
        raise NotTaken(f"{host} answered with {status}.")


def _is_named(host: str) -> bool:
    return host.lower() in settings.TRIGGER_HOSTS


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
