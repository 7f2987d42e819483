"""The runtime's truth: agents, threads, runs, messages, tool calls, and what people decide about them."""

from agents.models.agents import Agent, AgentVersion, VersionStanding
from agents.models.approvals import OPEN_APPROVALS, Approval, ApprovalStatus, Decision, Settlement, Verdict
from agents.models.attachments import Attachment
from agents.models.compactions import Compaction
from agents.models.connection import LLMConnection
from agents.models.handoffs import Handoff
from agents.models.mcp import MCPServer, MCPTool, Standing, Transport
from agents.models.messages import (
    AWAITED_CALLS,
    OPEN_CALLS,
    STARTABLE_CALLS,
    Artifact,
    CallStatus,
    Effect,
    Message,
    Role,
    ToolCall,
)
from agents.models.reading import Reading
from agents.models.reflecting import Rating, Reflection, ReflectionStatus
from agents.models.runs import (
    FINISHED,
    MOVES,
    UNFINISHED,
    ImpossibleMove,
    Run,
    RunQuerySet,
    RunStatus,
    StopReason,
    Thread,
    WaitKind,
)
from agents.models.triggers import Deliver, Delivery, Firing, Trigger, TriggerKind
from agents.models.usage import DailyUsage

__all__ = [
    "AWAITED_CALLS",
    "Agent",
    "AgentVersion",
    "Approval",
    "ApprovalStatus",
    "Artifact",
    "Attachment",
    "CallStatus",
    "Compaction",
    "DailyUsage",
    "Decision",
    "Deliver",
    "Delivery",
    "Effect",
    "FINISHED",
    "Firing",
    "Handoff",
    "ImpossibleMove",
    "LLMConnection",
    "MOVES",
    "MCPServer",
    "MCPTool",
    "Message",
    "OPEN_APPROVALS",
    "OPEN_CALLS",
    "Rating",
    "Reading",
    "Reflection",
    "ReflectionStatus",
    "Role",
    "Run",
    "RunQuerySet",
    "RunStatus",
    "STARTABLE_CALLS",
    "Settlement",
    "Standing",
    "StopReason",
    "Thread",
    "ToolCall",
    "Transport",
    "Trigger",
    "TriggerKind",
    "UNFINISHED",
    "Verdict",
    "VersionStanding",
    "WaitKind",
]
