"""`{% importmap %}`: our modules name each other by plain addresses and still load by hashed ones.

`{% preload_modules "js/lib" … %}`: the browser asks for all modules of these folders at once, not level by level.
"""

import json
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def importmap(context: template.RequestContext) -> SafeString:
    """The map for the browser, marked with the nonce of this page. It must stand before the first module."""
    nonce = context["request"].csp_nonce
    return format_html('<script type="importmap" nonce="{}">{}</script>', nonce, mark_safe(_map()))  # noqa: S308


@register.simple_tag
def preload_modules(*folders: str) -> SafeString:
    names = [name for name in _names() if name.startswith(tuple(f"{folder}/" for folder in folders))]
    return format_html_join("", '<link rel="modulepreload" href="{}">', ((static(name),) for name in names))


def _map() -> str:
    return _json_of_modules() if settings.DEBUG else _json_of_modules_once()


@cache
def _json_of_modules_once() -> str:
    return _json_of_modules()


def _json_of_modules() -> str:
    imports = {settings.STATIC_URL + name: static(name) for name in _names()}
    return json.dumps({"imports": imports}).replace("<", "\\u003c")


@cache
def _names() -> list[str]:
    root = Path(settings.STATICFILES_DIRS[0])
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.js"))
