"""A process like a worker that calls a tool which hangs: `python -m tests.agents.hostile.worker PIDS`."""

import asyncio
import json
import sys
from uuid import uuid4

import django


def main(pids: str) -> None:
    django.setup()
    from agents.tools.base import ToolContext
    from tests.agents.hostile.tools import hangs_once

    context = ToolContext(user_id=None, run_id=uuid4(), idempotency_key=uuid4())
    asyncio.run(hangs_once.call(json.dumps({"pids": pids}), context))


if __name__ == "__main__":
    main(sys.argv[1])
