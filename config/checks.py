"""System checks that explain a misconfiguration in words: `manage.py check --deploy`."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

SAFE_SECRET_LENGTH = 32
LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}
Configs = Sequence[AppConfig] | None


@register(Tags.security)
def check_secrets(app_configs: Configs, **options: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{name} is too short to protect anything.",
            hint=f"Give it {SAFE_SECRET_LENGTH} random characters or more, or leave it empty to have one made.",
            id="plumbline.E001",
        )
        for name in ("SECRET_KEY", "ENCRYPTION_KEY")
        if len(getattr(settings, name)) < SAFE_SECRET_LENGTH
    ]


@register(Tags.security)
def check_password(app_configs: Configs, **options: Any) -> list[CheckMessage]:
    if not settings.ADMIN_PASSWORD or len(settings.ADMIN_PASSWORD) >= 8:
        return []
    return [
        Warning(
            "ADMIN_PASSWORD is shorter than 8 characters.",
            hint="The first administrator sees everything: choose a longer one, or leave it empty to have one made.",
            id="plumbline.W002",
        )
    ]


@register(Tags.security)
def check_reach(app_configs: Configs, **options: Any) -> list[CheckMessage]:
    """Others can reach us: then they must not see our errors, and must be able to name us."""
    if settings.HOST in LOOPBACK:
        return []
    findings: list[CheckMessage] = []
    if settings.DEBUG:
        findings.append(
            Error(
                f"DEBUG is on while HOST is {settings.HOST}: everybody who can reach it sees code and settings.",
                hint="Set DEBUG=no, or HOST=127.0.0.1.",
                id="plumbline.E003",
            )
        )
    if set(settings.ALLOWED_HOSTS) <= LOOPBACK | {settings.HOST}:
        findings.append(
            Warning(
                f"HOST is {settings.HOST}, but nobody may use a name of this machine: requests will be refused.",
                hint="Set ALLOWED_HOSTS to the names people type into their browser.",
                id="plumbline.W004",
            )
        )
    return findings
