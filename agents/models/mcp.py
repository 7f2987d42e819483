"""Servers that bring tools over MCP, and what an operator has said about each of these tools."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from agents.models.messages import Effect

LONGEST_TIMEOUT = 600


class Transport(models.TextChoices):
    STDIO = "stdio", "A command, run by each worker"
    HTTP = "http", "A URL (streamable HTTP)"


class MCPServer(models.Model):
    """Where tools come from. Its name begins the names of its tools, so it stays as it is."""

    name = models.CharField(
        max_length=24,
        unique=True,
        validators=[RegexValidator(r"^[a-z]([a-z0-9-]*[a-z0-9])?\Z", "Use small letters, figures and hyphens.")],
        help_text="Small letters, figures and hyphens. Agents know its tools as name__tool; it cannot be changed.",
    )
    transport = models.CharField("how it is reached", max_length=8, choices=Transport, default=Transport.HTTP)
    command = models.CharField(max_length=500, blank=True, help_text="A program, without its arguments.")
    arguments = models.JSONField(default=list, blank=True)
    url = models.CharField("URL", max_length=500, blank=True, help_text="For example https://tools.example.org/mcp")
    secrets = models.JSONField(default=dict, blank=True, editable=False, help_text="By name, each value encrypted.")
    is_enabled = models.BooleanField("in use", default=True, help_text="Switched off, agents do without its tools.")
    software = models.CharField(max_length=200, blank=True, editable=False, help_text="What it says it is.")
    fetched_at = models.DateTimeField(null=True, blank=True, editable=False)
    trouble = models.TextField(blank=True, editable=False, help_text="Why it could not be reached the last time.")
    trouble_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "MCP server"

    def __str__(self) -> str:
        return self.name


class Standing(StrEnum):
    """How a tool stands with the operators."""

    NEW = "new"
    READY = "ready"
    OFF = "off"
    CHANGED = "changed"
    GONE = "gone"


class MCPToolQuerySet(models.QuerySet["MCPTool"]):
    def usable(self) -> "MCPToolQuerySet":
        """Those agents may use: chosen, there, and defined as they were when somebody accepted them."""
        return self.filter(
            server__is_enabled=True, is_usable=True, is_missing=False, accepted_digest=models.F("digest")
        )


class MCPTool(models.Model):
    """One tool of a server: as the server defines it now, and what was accepted of that."""

    server = models.ForeignKey(MCPServer, on_delete=models.CASCADE, related_name="tools")
    name = models.CharField(max_length=200, help_text="As its server knows it.")
    alias = models.CharField(max_length=64, unique=True, help_text="As agents and LLMs know it.")
    description = models.TextField(blank=True)
    input_schema = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict, help_text="What the server says of it; nobody checks that.")
    digest = models.CharField(max_length=64)
    accepted_digest = models.CharField(max_length=64, blank=True, help_text="Empty: nobody has accepted it yet.")
    accepted = models.JSONField(null=True, blank=True, help_text="The definition that was accepted.")
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    effect = models.CharField(max_length=10, choices=Effect, default=Effect.UNSAFE)
    timeout = models.FloatField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TIMEOUT)], help_text="In seconds."
    )
    is_usable = models.BooleanField(default=False)
    is_missing = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MCPToolQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["server", "name"], name="one_tool_per_name")]
        verbose_name = "MCP tool"

    def __str__(self) -> str:
        return self.alias

    @property
    def standing(self) -> Standing:
        if self.is_missing:
            return Standing.GONE
        if not self.accepted_digest:
            return Standing.NEW
        if self.accepted_digest != self.digest:
            return Standing.CHANGED
        return Standing.READY if self.is_usable else Standing.OFF
