"""What a server's answer says, as an LLM can read it: text, or JSON where the server gives that."""

import json
from typing import Any

from mcp_types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)


def value_of(result: CallToolResult) -> Any:
    """The tool's value. What an LLM cannot read is named, so that it knows there is more."""
    notes = [note for block in result.content if (note := _note(block))]
    if result.structured_content is not None:
        if not notes:
            return result.structured_content
        return "\n".join([json.dumps(result.structured_content, ensure_ascii=False), *notes])
    return text_of(result)


def text_of(result: CallToolResult) -> str:
    """All texts of it, one after the other."""
    return "\n".join(text for block in result.content if (text := _text(block) or _note(block)))


def _text(block: ContentBlock) -> str:
    if isinstance(block, TextContent):
        return block.text
    if isinstance(block, EmbeddedResource) and isinstance(block.resource, TextResourceContents):
        return block.resource.text
    return ""


def _note(block: ContentBlock) -> str:
    match block:
        case ImageContent() | AudioContent():
            kind = "An image" if isinstance(block, ImageContent) else "Sound"
            return f"({kind}, {block.mime_type}, {len(block.data) * 3 // 4:,} bytes: not passed on.)"
        case ResourceLink():
            return f"(A link to {block.title or block.name}: {block.uri})"
        case EmbeddedResource() if not isinstance(block.resource, TextResourceContents):
            return f"(A file, {block.resource.uri}: not passed on.)"
    return ""
