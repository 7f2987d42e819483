"""One HTTP request to a host an administrator has allowed."""

import ipaddress
from fnmatch import fnmatchcase
from typing import Annotated, Literal
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings
from pydantic import AfterValidator, BaseModel, Field

from agents.addresses import Allowed, CheckedResolver, NotAllowed, is_public
from agents.models import Effect
from agents.tools.base import ToolError, tool

LARGEST_ANSWER = 1_000_000
MOST_HEADERS = 20
TIMES = aiohttp.ClientTimeout(total=25, connect=5)
SAFE = ("GET", "HEAD")
SET_BY_US = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "proxy-authorization"}
SHOWN_HEADERS = ("Content-Type", "Location", "Retry-After", "ETag", "Last-Modified")

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def _an_allowed_url(given: str) -> str:
    """Checked before people are asked: nobody is to approve what cannot be done."""
    try:
        url = urlsplit(given)
        host, _ = url.hostname, url.port
    except ValueError:
        raise ValueError("it is not a URL") from None
    if url.scheme not in ("http", "https") or not host:
        raise ValueError("it must begin with https:// or http:// and name a host")
    if url.username or url.password:
        raise ValueError("it must not carry a name or password")
    if not settings.HTTP_REQUEST_HOSTS:
        raise ValueError("no host is allowed here: an administrator has to name some in HTTP_REQUEST_HOSTS")
    if not any(fnmatchcase(host.lower(), allowed.lower()) for allowed in settings.HTTP_REQUEST_HOSTS):
        raise ValueError(f"{host} is not allowed; the hosts are {', '.join(settings.HTTP_REQUEST_HOSTS)}")
    return given


def _sendable(given: dict[str, str]) -> dict[str, str]:
    if len(given) > MOST_HEADERS:
        raise ValueError(f"at most {MOST_HEADERS} headers")
    for name, value in given.items():
        if name.lower() in SET_BY_US:
            raise ValueError(f"{name} cannot be set")
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or not value.isprintable():
            raise ValueError(f"{name!r} is not a header")
    return given


class Answer(BaseModel):
    status: int
    headers: dict[str, str]
    body: str
    note: str = ""


def _host_of(arguments: BaseModel) -> str:
    return urlsplit(getattr(arguments, "url", "")).hostname or ""


@tool(effect=Effect.UNSAFE, timeout=40, endpoint=_host_of, acts_on="url")
async def http_request(
    method: Method,
    url: Annotated[str, Field(max_length=4000), AfterValidator(_an_allowed_url)],
    body: Annotated[str, Field(description="What to send; empty for none.", max_length=500_000)] = "",
    headers: Annotated[
        dict[str, str],
        Field(description='For example {"Content-Type": "application/json"}.'),
        AfterValidator(_sendable),
    ] = {},  # noqa: B006 - read only; the LLM sees the default
) -> Answer:
    """Make one HTTP request to an allowed host and return its answer. Redirects are not followed."""
    return await asked(method, url, body, headers)


async def asked(
    method: Method, url: str, body: str, headers: dict[str, str], *, is_allowed: Allowed = is_public
) -> Answer:
    """The answer of another service. Raises ToolError where it is certain that nothing was done."""
    host = urlsplit(url).hostname or ""
    if _is_address(host) and not is_allowed(host):  # an address is not looked up, so nobody else would check it
        raise ToolError(f"{host} is not an address of the open net.")
    connector = aiohttp.TCPConnector(resolver=CheckedResolver(is_allowed), use_dns_cache=False, limit=1)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=TIMES, trust_env=False) as session,
            session.request(
                method, url, data=body.encode() or None, headers=headers, allow_redirects=False
            ) as response,
        ):
            return await _read(response)
    except aiohttp.ClientConnectorError as error:
        refused = error.os_error if isinstance(error.os_error, NotAllowed) else None
        raise ToolError(f"{refused}." if refused else f"{host} cannot be reached ({error.os_error}).") from error
    except aiohttp.InvalidURL:
        raise ToolError("This is not a URL.") from None
    except (aiohttp.ClientError, TimeoutError) as error:
        if method in SAFE:
            raise ToolError(f"{host} did not answer as it should ({error or type(error).__name__}).") from error
        raise


async def _read(response: aiohttp.ClientResponse) -> Answer:
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        if len(content) > LARGEST_ANSWER:
            break
    is_cut = len(content) > LARGEST_ANSWER
    text = bytes(content[:LARGEST_ANSWER]).decode(_charset(response), errors="replace")
    shown = {name: response.headers[name] for name in SHOWN_HEADERS if name in response.headers}
    note = f"Only the first {LARGEST_ANSWER:,} bytes were read." if is_cut else ""
    return Answer(status=response.status, headers=shown, body=text, note=note)


def _charset(response: aiohttp.ClientResponse) -> str:
    try:
        "".encode(response.charset or "utf-8")
    except LookupError:
        return "utf-8"
    return response.charset or "utf-8"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
