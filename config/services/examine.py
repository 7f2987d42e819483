"""Whether a database or a Redis server is one Plumbline can work with; if not, a sentence that says why."""

from urllib.parse import urlsplit

from config.services.errors import ServiceError

SECONDS = 5
POSTGRESQL = 14
VECTOR = (0, 7)
REDIS = (6, 2)


def database(url: str) -> None:
    import psycopg  # noqa: PLC0415 - a tenth of a second that a start with embedded services need not pay

    place = _place("DATABASE_URL", url, ("postgres", "postgresql"))
    try:
        with psycopg.connect(url, connect_timeout=SECONDS, autocommit=True) as connection:
            _check_postgresql(connection, place)
    except psycopg.Error as error:
        raise ServiceError(f"The database at {place} (DATABASE_URL) cannot be used: {_reason(error)}.") from None


def redis(url: str) -> None:
    from redis import Redis, RedisError  # noqa: PLC0415 - as above

    place = _place("REDIS_URL", url, ("redis", "rediss", "unix"))
    try:
        with Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS) as client:
            version = str(client.info("server")["redis_version"])
    except (RedisError, OSError, ValueError) as error:
        raise ServiceError(f"The Redis server at {place} (REDIS_URL) cannot be used: {_reason(error)}.") from None
    if _numbers(version) < REDIS:
        raise ServiceError(f"The Redis server at {place} (REDIS_URL) is version {version}, but 6.2 or newer is needed.")


def eviction_policy(url: str) -> str:
    """What the server does when its memory is full; empty where it does not tell."""
    from redis import Redis, RedisError  # noqa: PLC0415

    try:
        with Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS) as client:
            return str(client.info("memory").get("maxmemory_policy", ""))
    except RedisError:
        return ""


def _check_postgresql(connection, place: str) -> None:  # type: ignore[no-untyped-def]
    version = connection.info.server_version // 10_000
    if version < POSTGRESQL:
        raise ServiceError(
            f"The database at {place} (DATABASE_URL) is PostgreSQL {version}, but {POSTGRESQL} or newer is needed."
        )
    installed, available, may_install = connection.execute(
        """
        SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
               (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'),
               (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
               OR has_database_privilege(current_database(), 'CREATE')
                  AND EXISTS (SELECT FROM pg_available_extension_versions WHERE name = 'vector' AND trusted)
        """
    ).fetchone()
    if not installed and not available:
        raise ServiceError(
            f"The database server at {place} (DATABASE_URL) lacks the extension vector: install pgvector there."
        )
    if not installed and not may_install:
        raise ServiceError(
            f"The database at {place} (DATABASE_URL) needs the extension vector, which this user may not install: "
            "have its administrator run CREATE EXTENSION vector in it."
        )
    if _numbers(installed or available) < VECTOR:
        raise ServiceError(
            f"The extension vector of the database at {place} (DATABASE_URL) is version {installed or available}, "
            "but 0.7 or newer is needed."
        )


def _place(name: str, url: str, schemes: tuple[str, ...]) -> str:
    """Host and path of an address, without its password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ServiceError(f"{name} is not an address: its host or port cannot be read.") from None
    if parts.scheme not in schemes:
        raise ServiceError(f"{name} must begin with {schemes[0]}://, not with {parts.scheme or url.split(':')[0]}.")
    return f"{host or 'localhost'}{f':{port}' if port else ''}{parts.path}"


def _reason(error: Exception) -> str:
    """The cause, out of the chain of "… failed: … failed: CAUSE" that client libraries write."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[0].rpartition("failed: ")[2].removeprefix("FATAL:").strip().rstrip(".")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
