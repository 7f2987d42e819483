"""What is kept: documents, what is known about people, and what was learned about answering them."""

from memory.models.knowledge import Chunk, ChunkQuerySet, Document, DocumentQuerySet, DocumentStatus
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
from memory.models.vectors import EmbeddedText, StoredVector, VectorClaim, VectorDeletion, VectorPlan, VectorSpace

__all__ = [
    "Chunk",
    "ChunkQuerySet",
    "Document",
    "DocumentQuerySet",
    "DocumentStatus",
    "EmbeddedText",
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
    "StoredVector",
    "UseOutcome",
    "VectorClaim",
    "VectorDeletion",
    "VectorPlan",
    "VectorSpace",
    "Window",
]
