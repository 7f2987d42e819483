"""What is kept: documents, what is known about people, and what was learned about answering them."""

from memory.models.knowledge import DIMENSIONS, Chunk, Document, DocumentQuerySet, DocumentStatus
from memory.models.memories import (
    Memory,
    MemoryEvent,
    MemoryKind,
    MemoryOperation,
    MemoryOrigin,
    MemoryPreference,
    MemoryQuerySet,
    MemoryStatus,
    MemoryUse,
    Window,
)
from memory.models.procedures import (
    Procedure,
    ProcedureEvidence,
    ProcedureOrigin,
    ProcedureQuerySet,
    ProcedureScope,
    ProcedureStatus,
    ProcedureUse,
    UseOutcome,
)

__all__ = [
    "DIMENSIONS",
    "Chunk",
    "Document",
    "DocumentQuerySet",
    "DocumentStatus",
    "Memory",
    "MemoryEvent",
    "MemoryKind",
    "MemoryOperation",
    "MemoryOrigin",
    "MemoryPreference",
    "MemoryQuerySet",
    "MemoryStatus",
    "MemoryUse",
    "Procedure",
    "ProcedureEvidence",
    "ProcedureOrigin",
    "ProcedureQuerySet",
    "ProcedureScope",
    "ProcedureStatus",
    "ProcedureUse",
    "UseOutcome",
    "Window",
]
