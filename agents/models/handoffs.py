"""Who handed a conversation to whom, and why."""

from django.db import models

from agents.models.agents import AgentVersion
from agents.models.messages import ToolCall
from agents.models.runs import Run


class Handoff(models.Model):
    """A routing decision: from here on another agent answers the run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="handoffs")
    call = models.OneToOneField(ToolCall, on_delete=models.CASCADE, related_name="handoff")
    source = models.ForeignKey(AgentVersion, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(AgentVersion, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    confidence = models.FloatField(help_text="From 0 to 1, as the router gave it.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.source} to {self.target}"
