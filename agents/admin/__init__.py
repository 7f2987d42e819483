"""What runs and what people decide about it, in the console: one page family a file."""

from agents.admin.agents import AgentAdmin
from agents.admin.approvals import ApprovalAdmin
from agents.admin.base import ReadOnlyAdmin
from agents.admin.calls import ToolCallAdmin
from agents.admin.mcp import MCPServerAdmin
from agents.admin.procedures import ProcedureAdmin
from agents.admin.runs import RunAdmin
from agents.admin.settlements import SettlementAdmin
from agents.admin.triggers import TriggerAdmin
from agents.admin.versions import AgentVersionAdmin

__all__ = [
    "AgentAdmin",
    "AgentVersionAdmin",
    "ApprovalAdmin",
    "MCPServerAdmin",
    "ProcedureAdmin",
    "ReadOnlyAdmin",
    "RunAdmin",
    "SettlementAdmin",
    "ToolCallAdmin",
    "TriggerAdmin",
]
