"""Finds the tools: one a file beside this one, in the `tools` module of any installed app, and those of MCP servers."""

import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

from agents import tools as our_tools
from agents.mcp.tools import remote_tools
from agents.tools.base import Tool


@cache
def all_tools() -> dict[str, Tool]:
    """Every tool by its name. Raises ValueError when two share one."""
    found: dict[str, Tool] = {}
    for module_name in _module_names():
        for value in vars(import_module(module_name)).values():
            if not isinstance(value, Tool):
                continue
            if found.setdefault(value.name, value) is not value:
                raise ValueError(f"Two tools are named {value.name!r}; rename the one in {module_name}.")
    return found


def tools_named(names: Iterable[str]) -> dict[str, Tool]:
    """Those of the names that can be used now, installed or from an MCP server. Reads the database."""
    installed, wanted = all_tools(), list(names)
    elsewhere = [name for name in wanted if name not in installed]
    found = remote_tools(elsewhere) if elsewhere else {}
    return {name: installed.get(name) or found[name] for name in wanted if name in installed or name in found}


def choosable_tools() -> dict[str, Tool]:
    """Every tool that an agent may be given, by its name. Reads the database."""
    return remote_tools() | all_tools()


def _module_names() -> Iterator[str]:
    for module in pkgutil.iter_modules(our_tools.__path__, f"{our_tools.__name__}."):
        yield module.name
    for config in apps.get_app_configs():
        if config.name != "agents" and find_spec(f"{config.name}.tools"):
            yield f"{config.name}.tools"
