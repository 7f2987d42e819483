"""Agents as versioned data."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class AgentQuerySet(models.QuerySet["Agent"]):
    def offered(self) -> "AgentQuerySet":
        """Those a person or a program may choose."""
        return self.filter(is_enabled=True, is_offered=True, live__isnull=False)


class Agent(models.Model):
    """A configured persona. What it does is in its versions; `live` is the one new runs are bound to."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    suggestions = models.JSONField(default=list, blank=True, help_text="Up to four questions offered on an empty page.")
    is_enabled = models.BooleanField(default=True)
    is_offered = models.BooleanField(
        default=True, help_text="People may choose it. Otherwise it only works for other agents."
    )
    live = models.ForeignKey("AgentVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.name


class VersionStanding(models.TextChoices):
    DRAFT = "draft"
    LIVE = "live"
    RETIRED = "retired", "was live"


class AgentVersion(models.Model):
    """A frozen configuration: a change is a new one (`agents.versions`)."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    instructions = models.TextField()
    llm_name = models.CharField(max_length=120, blank=True, help_text="Empty: the model of the connection.")
    fallback_llm_names = models.JSONField(default=list, blank=True)
    parameters = models.JSONField(default=dict, blank=True, help_text="temperature, top_p, max_tokens …")
    tools = models.JSONField(default=list, blank=True, help_text="Names of the tools it may call.")
    approvals = models.JSONField(
        default=dict, blank=True, help_text="By tool: when a person is asked, and who (docs/approvals.md)."
    )
    children = models.JSONField(
        default=list, blank=True, help_text="Slugs of the agents it may give tasks to, each a run of its own."
    )
    handoffs = models.JSONField(
        default=dict, blank=True, help_text="Whom it may hand the conversation to (docs/teams.md); empty: nobody."
    )
    output_schema = models.JSONField(
        null=True, blank=True, help_text="A JSON Schema its final answer must satisfy; empty: free text."
    )
    memory = models.JSONField(
        default=dict, blank=True, help_text="What it remembers, recalls and can hold in mind (docs/memory.md)."
    )
    max_turns = models.PositiveSmallIntegerField(default=12)
    max_tool_calls = models.PositiveSmallIntegerField(default=64)
    max_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="In and out, a run; empty: no limit.")
    max_cost = models.DecimalField(
        max_digits=10, decimal_places=4, null=True, blank=True, help_text="US dollars a run; empty: no limit."
    )
    max_active_seconds = models.PositiveIntegerField(default=900, help_text="Waiting for a person does not count.")
    note = models.CharField(max_length=300, blank=True, help_text="What changed, and why.")
    published_at = models.DateTimeField(null=True, blank=True, help_text="When it was last made live; empty: a draft.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["agent", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.agent.slug} v{self.number}"

    @property
    def standing(self) -> VersionStanding:
        if self.agent.live_id == self.pk:
            return VersionStanding.LIVE
        return VersionStanding.RETIRED if self.published_at else VersionStanding.DRAFT
