"""What is kept, in the console. Importing this registers it."""

from memory.admin.documents import DocumentAdmin
from memory.admin.memories import MemoryAdmin

__all__ = ["DocumentAdmin", "MemoryAdmin"]
