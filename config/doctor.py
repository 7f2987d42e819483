"""Looks at everything Plumbline stands on, and says of each thing in a sentence how it is and what to do."""

import http.client
import platform
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from packaging.requirements import Requirement

from config.services import ServiceError, examine, locks

LITTLE_DISK = 1_000_000_000
ASK_SECONDS = 5


class Health(Enum):
    GOOD = "ok"
    NOTE = "note"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    about: str
    health: Health
    words: str


def examine_everything() -> Iterator[Finding]:
    """Findings in the order in which things depend on each other."""
    yield from look_at("Python", python)
    yield from look_at("Packages", packages)
    yield from look_at("Settings", system_checks)
    yield from look_at("VAR_DIR", var_dir)
    yield from look_at("Disk", disk)
    yield from look_at("Database", database)
    yield from look_at("Redis", redis)
    yield from look_at("Tables", tables)
    yield from look_at("Vectors", vectors)
    yield from look_at("Static files", static_files)
    yield from look_at("Web server", web_server)
    yield from look_at("Worker", worker)
    yield from look_at("LLM", llm)


def look_at(about: str, look: Callable[[], Finding | str]) -> Iterator[Finding]:
    """What `look` finds: words alone mean that all is well, and a failure to look is a finding too."""
    try:
        found = look()
    except ServiceError as error:
        yield Finding(about, Health.BROKEN, str(error))
    except Exception as error:  # noqa: BLE001 - the doctor must not fall ill
        reason = str(error).splitlines()[0] if str(error) else "no reason given"
        yield Finding(about, Health.BROKEN, f"Cannot be examined: {type(error).__name__}, {reason}.")
    else:
        yield found if isinstance(found, Finding) else Finding(about, Health.GOOD, found)


def python() -> str:
    return f"{platform.python_version()} (3.11 or newer is needed)."


def packages() -> str:
    lines = (settings.BASE_DIR / "requirements.txt").read_text().splitlines()
    wanted = [Requirement(line.partition("#")[0]) for line in lines if line.partition("#")[0].strip()]
    wrong = [str(one) for one in wanted if not one.specifier.contains(_version(one.name), prereleases=True)]
    if wrong:
        raise ServiceError(f"Missing, or of another version: {', '.join(wrong)}. Run bin/run, which installs them.")
    return f"All {len(wanted)} are installed as requirements.txt names them."


def system_checks() -> Finding | str:
    found = checks.run_checks(include_deployment_checks=settings.HTTPS)
    if not found:
        return "Nothing contradicts itself."
    words = " ".join(f"{one.msg} {one.hint or ''}".strip() for one in found)
    is_broken = any(one.is_serious(checks.ERROR) for one in found)
    return Finding("Settings", Health.BROKEN if is_broken else Health.NOTE, words)


def var_dir() -> str:
    probe = settings.VAR_DIR / ".doctor"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ServiceError(
            f"{settings.VAR_DIR} cannot be written to ({error.strerror}): give it to this user."
        ) from None
    return f"{settings.VAR_DIR} can be written to."


def disk() -> Finding | str:
    free = shutil.disk_usage(settings.VAR_DIR).free
    words = f"{free / 1e9:.1f} GB are free where VAR_DIR is."
    if free < LITTLE_DISK:
        return Finding("Disk", Health.NOTE, f"{words} Below 1 GB the database may stop: make room.")
    return words


def database() -> str:
    examine.database(settings.DATABASE_URL)
    return f"Answers at {_place(settings.DATABASE_URL)}, with the extension vector."


def redis() -> Finding | str:
    examine.redis(settings.REDIS_URL)
    policy = examine.eviction_policy(settings.REDIS_URL)
    if policy not in ("noeviction", ""):
        words = f"Its maxmemory-policy is {policy}: set noeviction, or messages for workers may be thrown away."
        return Finding("Redis", Health.NOTE, words)
    return f"Answers at {_place(settings.REDIS_URL)}."


def tables() -> str:
    from config.prepare import missing_migrations  # noqa: PLC0415 - needs a database to be imported into use

    if missing := missing_migrations():
        raise ServiceError(f"{len(missing)} migrations are missing, the first is {missing[0]}: run bin/manage prepare.")
    return "Up to date."


def vectors() -> Finding | str:
    from memory import vector_state  # noqa: PLC0415 - needs the tables
    from memory.embeddings.base import EmbeddingError  # noqa: PLC0415
    from memory.stores import StoreError  # noqa: PLC0415

    try:
        state = vector_state.look()
    except (EmbeddingError, StoreError) as error:
        raise ServiceError(f"{error} Until then everything is searched by words only.") from None
    if state is None:
        return "EMBEDDING_MODEL is none: everything is searched by words only."
    place = f"{state.target.embedder} in {state.target.store}"
    if state.error:
        words = f"{state.waiting:,} wait to be embedded with {place}. The last failure: {state.error}"
        return Finding("Vectors", Health.NOTE, words)
    if state.is_moving:
        old = f"{state.serving.embedder} in {state.serving.store}"
        return f"Moving to {place}, {state.waiting:,} are still to come; searches go by {old} until then."
    return f"Searches by meaning go by {place}; {state.waiting:,} wait to be embedded."


def static_files() -> Finding | str:
    from config.prepare import static_state  # noqa: PLC0415

    if settings.DEBUG:
        return "Served from where they are, because DEBUG is on."
    stamp = settings.STATIC_ROOT / ".stamp"
    if not stamp.exists() or stamp.read_text() != static_state():
        return Finding("Static files", Health.NOTE, "Not collected since they changed: the next bin/run does it.")
    return "Collected."


def web_server() -> Finding | str:
    is_served = locks.is_held(settings.VAR_DIR / "serve.lock")
    place = f"{settings.HOST} port {settings.PORT}"
    if _status("/readyz") == 200:
        return f"Ready on {place}."
    if is_served:
        raise ServiceError(f"Plumbline runs, but does not answer on {place}: its log says why.")
    if _is_port_taken():
        raise ServiceError(f"Something that is not Plumbline uses {place}: stop it, or set PORT to a free one.")
    return Finding("Web server", Health.NOTE, f"Not running; {place} is free. Start it with bin/run.")


def worker() -> Finding | str:
    from config.celery import app  # noqa: PLC0415 - fills Celery's registry, which only this question needs

    try:
        examine.redis(settings.REDIS_URL)
    except ServiceError:
        return Finding("Worker", Health.NOTE, "Cannot be asked while Redis does not answer.")
    answers = app.control.ping(timeout=2)
    if answers:
        return f"{len(answers)} answered: {', '.join(name for answer in answers for name in answer)}."
    if locks.is_held(settings.VAR_DIR / "serve.lock"):
        raise ServiceError("Plumbline runs, but no worker answers: its log says why.")
    return Finding("Worker", Health.NOTE, "None is running, so questions would wait. bin/run starts one.")


def llm() -> Finding | str:
    if not settings.OPENAI_BASE_URL and not settings.OPENAI_API_KEY:
        return "None is set in the environment: the connection saved in the browser counts, or else the demo model."
    base = (settings.OPENAI_BASE_URL or "https://api.openai.com/v1").rstrip("/")
    request = urllib.request.Request(f"{base}/models", headers={"Authorization": f"Bearer {settings.OPENAI_API_KEY}"})
    try:
        with urllib.request.urlopen(request, timeout=ASK_SECONDS):
            return f"{_place(base)} answers and accepts the key."
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            raise ServiceError(f"{_place(base)} refuses the key: check OPENAI_API_KEY.") from None
        return Finding("LLM", Health.NOTE, f"{_place(base)} answers, but does not list its models (HTTP {error.code}).")
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise ServiceError(f"{_place(base)} cannot be reached ({reason}): check OPENAI_BASE_URL.") from None


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "0"


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}{f':{parts.port}' if parts.port else ''}"


def _status(path: str) -> int:
    wire = http.client.HTTPConnection(_loopback(), settings.PORT, timeout=ASK_SECONDS)
    try:
        wire.request("GET", path)
        return wire.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        wire.close()


def _is_port_taken() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_loopback(), settings.PORT)) == 0


def _loopback() -> str:
    return "127.0.0.1" if settings.HOST in ("0.0.0.0", "::", "") else str(settings.HOST)
