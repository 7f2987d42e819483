from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from agents.models import Effect
from agents.tools.base import ToolError, tool


@tool(effect=Effect.READ, timeout=5)
async def current_time(
    timezone: Annotated[str, Field(description="An IANA time zone, for example Asia/Tokyo.")] = "UTC",
) -> dict[str, Any]:
    """The current date, weekday and time in a time zone."""
    try:
        now = datetime.now(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError):
        raise ToolError(f"{timezone!r} is not an IANA time zone. Examples: UTC, Europe/Berlin, Asia/Tokyo.") from None
    return {
        "timezone": timezone,
        "iso": now.isoformat(timespec="seconds"),
        "weekday": now.strftime("%A"),
        "readable": now.strftime("%A, %d %B %Y, %H:%M"),
    }
