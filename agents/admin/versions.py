"""A version of an agent in the console: all that makes it behave as it does, in words. Written on another page."""

import json
from collections.abc import Iterable

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from pydantic import ValidationError

from agents.admin.base import ReadOnlyAdmin, dollars
from agents.models import AgentVersion
from agents.policies import policies_of
from agents.teams import Routing
from agents.wording import chain_in_words, rules_in_words


@admin.register(AgentVersion)
class AgentVersionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "state", "note", "llm", "tool_names", "created_by", "created_at")
    list_select_related = ("agent", "created_by")
    change_form_outer_before_template = "admin/agents/_version.html"
    list_filter = ("agent",)
    ordering = ("-id",)
    fields = (
        "agent", "number", "state", "note", "instructions_text", "llm", "fallbacks", "sent_along",
        "tool_names", "approval_policies", "tasks", "hand_offs", "limits", "answer_form", "created_by", "created_at",
    )  # fmt: skip

    @admin.display(description="LLM")
    def llm(self, version: AgentVersion) -> str:
        return version.llm_name or "that of the connection"

    @admin.display(description="State")
    def state(self, version: AgentVersion) -> str:
        return version.standing.label.capitalize()

    @admin.display(description="Fallback models")
    def fallbacks(self, version: AgentVersion) -> str:
        return ", ".join(version.fallback_llm_names) or "none"

    @admin.display(description="Parameters")
    def sent_along(self, version: AgentVersion) -> str:
        return json.dumps(version.parameters, ensure_ascii=False) if version.parameters else "none"

    @admin.display(description="Tools")
    def tool_names(self, version: AgentVersion) -> str:
        return ", ".join(version.tools) or "none"

    @admin.display(description="Instructions")
    def instructions_text(self, version: AgentVersion) -> SafeString:
        return format_html('<div class="as-written">{}</div>', version.instructions)

    @admin.display(description="Asks people")
    def approval_policies(self, version: AgentVersion) -> SafeString | str:
        """Tool by tool: who is asked before it runs, in which order, and what happens if nobody says anything."""
        try:
            policies = policies_of(version.approvals)
        except ValidationError:
            return "Its policies cannot be read, so none of these tools can be used."
        asking = [(tool, policy) for tool, policy in policies.items() if policy.when != "never"]
        if not asking:
            return "Never: every tool runs at once."
        return _lines((tool, chain_in_words(policy)) for tool, policy in asking)

    @admin.display(description="Gives tasks to")
    def tasks(self, version: AgentVersion) -> str:
        return ", ".join(version.children) or "nobody"

    @admin.display(description="Hands over to")
    def hand_offs(self, version: AgentVersion) -> SafeString | str:
        """Whom, what for, and the rules of it."""
        if not version.handoffs:
            return "nobody"
        try:
            routing = Routing.model_validate(version.handoffs)
        except ValidationError:
            return "This cannot be read, so it hands over to nobody."
        return _lines([*routing.targets.items(), ("How", rules_in_words(routing))])

    @admin.display(description="Limits of a run")
    def limits(self, version: AgentVersion) -> SafeString:
        money = "no limit" if version.max_cost is None else dollars(version.max_cost)
        tokens = "no limit" if version.max_tokens is None else f"{version.max_tokens:,} in and out"
        return _lines(
            [
                ("Turns", f"{version.max_turns:,}"),
                ("Tool calls", f"{version.max_tool_calls:,}"),
                ("Tokens", tokens),
                ("Cost", money),
                ("Active time", f"{version.max_active_seconds:,} s; waiting for people does not count"),
            ]
        )

    @admin.display(description="Form of its answer")
    def answer_form(self, version: AgentVersion) -> SafeString | str:
        if not version.output_schema:
            return "Free text"
        schema = json.dumps(version.output_schema, ensure_ascii=False, indent=2)
        return format_html('<div class="console"><pre class="code" tabindex="0">{}</pre></div>', schema)


def _lines(named: Iterable[tuple[str, str]]) -> SafeString:
    lines = format_html_join("", "<dt>{}</dt><dd>{}</dd>", named)
    return format_html('<dl class="said-of-it">{}</dl>', lines)
