"""Named points at which a test may have this process die as if its machine had: `FAULT_POINT=mid_stream:3`.

Not armed, a point costs one comparison. Armed, the process kills itself the n-th time it comes by.
"""

import itertools
import os
import signal

from django.conf import settings

POINTS = (
    "after_claim",
    "before_compaction_commit",
    "after_compaction_commit",
    "mid_stream",
    "before_reply_commit",
    "after_reply_commit",
    "after_tool_started",
    "after_tool_effect",
    "before_result_commit",
    "after_decision",
    "before_finish",
    "learning_after_claim",
    "learning_before_commit",
    "learning_after_commit",
    "before_reflection_commit",
    "learning_after_claim",
    "learning_before_commit",
    "learning_after_commit",
)

_armed, _, _times = settings.FAULT_POINT.partition(":")
_visits = itertools.count(1)


def reach(point: str) -> None:
    """Come by a point; the process ends here if it is the one that was armed."""
    if point == _armed and next(_visits) == int(_times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
