"""Typed readers of the environment; the only place that touches it is `config.settings`."""

import os
import secrets
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
MAIL_EXAMPLE = "smtp+tls://user:password@mail.example.org:587"


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    given = os.environ.get(name)
    if given is None:
        return default
    if given.strip().lower() in TRUE:
        return True
    if given.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no, not {given!r}.")


def number(name: str, default: int, *, least: int = 0) -> int:
    given = text(name)
    if not given:
        return default
    try:
        value = int(given)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {given!r}.") from None
    if value < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {value}.")
    return value


def money(name: str) -> Decimal:
    """An amount in US dollars; 0 where nothing is set."""
    given = text(name)
    try:
        value = Decimal(given or 0)
    except InvalidOperation:
        raise ImproperlyConfigured(f"{name} must be an amount like 2.50, not {given!r}.") from None
    if not value.is_finite() or value < 0:
        raise ImproperlyConfigured(f"{name} must be an amount like 2.50, not {given!r}.")
    return value


def mail_server(name: str) -> dict[str, str | int | bool]:
    """Django's settings of an SMTP server from `smtp://`, `smtp+tls://` (STARTTLS) or `smtps://`; none where unset."""
    given = text(name)
    if not given:
        return {}
    try:
        url, port = urlsplit(given), urlsplit(given).port
    except ValueError:
        raise ImproperlyConfigured(f"{name} cannot be read; it must look like {MAIL_EXAMPLE}.") from None
    if url.scheme not in MAIL_PORTS or not url.hostname:
        raise ImproperlyConfigured(f"{name} must look like {MAIL_EXAMPLE}, smtp:// or smtps://.")
    return {
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": port or MAIL_PORTS[url.scheme],
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": url.scheme == "smtp+tls",
        "EMAIL_USE_SSL": url.scheme == "smtps",
    }


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [word for part in text(name, default).split(",") if (word := part.strip())]


def secret(name: str, *, kept_in: Path) -> str:
    """The secret from the environment, or one made once and kept in a file only its owner reads."""
    given = text(name)
    if given:
        return given
    try:
        kept_in.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(kept_in, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return kept_in.read_text().strip()
