"""The console's frame: its name, what its menu offers to whom, its styles. Needs no models: settings import it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def frame(request: HttpRequest) -> dict[str, Any]:
    """What every page of the console adds to its context: no colours, because they stand in our own style sheet."""
    return {"colors": None, "border_radius": None}


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _item(title: str, icon: str, model: str, *, badge: str = "") -> dict[str, Any]:
    """A line of the menu for the list of a model, for those who may see its rows. `badge` names what counts them."""
    app, name = model.split(".")
    item = {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _may(f"{app}.view_{name}"),
    }
    return item | {"badge": badge} if badge else item


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Plumbline",
    "SITE_HEADER": "Plumbline",
    "SITE_SUBHEADER": "Console",
    "SITE_ICON": lambda request: static("img/plumbline.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/plumbline.svg")},
    ],
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "GLOBAL_CALLBACK": "config.console.frame",
    "DASHBOARD_CALLBACK": "observability.overview.overview",
    "STYLES": [
        lambda request: static("css/tokens.css"),
        lambda request: static("css/console.css"),
        lambda request: static("css/decisions.css"),
        lambda request: static("css/agents.css"),
        lambda request: static("css/mcp.css"),
        lambda request: static("css/procedures.css"),
    ],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {"title": "Overview", "icon": "monitoring", "link": reverse_lazy("admin:index")},
                    _item("Traces", "account_tree", "observability.trace"),
                    _item("Conversations", "forum", "chat.conversation"),
                    _item("Runs", "play_circle", "agents.run"),
                    _item("Approvals", "how_to_reg", "agents.approval", badge="agents.admin.badges.approvals"),
                    _item("Unknown outcomes", "help", "agents.settlement", badge="agents.admin.badges.outcomes"),
                    _item("Feedback", "thumbs_up_down", "chat.feedback"),
                ]
            },
            {
                "title": "What answers",
                "separator": True,
                "items": [
                    _item("Agents", "smart_toy", "agents.agent"),
                    _item("Triggers", "bolt", "agents.trigger"),
                    _item("MCP servers", "hub", "agents.mcpserver"),
                    _item("Procedures", "lightbulb", "memory.procedure", badge="agents.admin.badges.procedures"),
                    _item("Documents", "library_books", "memory.document"),
                    _item("Memory", "neurology", "memory.memory"),
                ],
            },
            {
                "title": "Who asks",
                "separator": True,
                "items": [
                    _item("People", "group", "accounts.user"),
                    _item("Groups", "badge", "auth.group"),
                ],
            },
        ],
    },
}
