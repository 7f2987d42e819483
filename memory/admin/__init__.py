"""What is kept, in the console. Importing this registers it."""

from memory.admin.documents import DocumentAdmin

__all__ = ["DocumentAdmin"]
