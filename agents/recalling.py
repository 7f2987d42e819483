"""What an answer is reminded of: who may be reminded at all, and what was found for them, once a run."""

from agents.memory_settings import MemorySettings
from agents.models import Run


def may_recall(run: Run) -> bool:
    """Whether what is known about the person may be used in this run: not where nobody is there to be answered.

    A child agent's run follows its root in this, and its own version too. Whether the person has paused their memory
    is asked where it is read.
    """
    return _is_personal(run.root or run) and _settings(run).recalls


def may_learn(run: Run) -> bool:
    """Whether what was said in this run may be kept: only a person's own words, to an agent that learns.

    Whether the person has paused their memory is asked where it is written.
    """
    return run.root_id is None and _is_personal(run) and _settings(run).learns


def _is_personal(run: Run) -> bool:
    return run.user_id is not None and not run.thread.is_temporary and not was_triggered(run)


def was_triggered(run: Run) -> bool:
    """A webhook or a schedule began it; its answer goes elsewhere, or nowhere."""
    return getattr(run, "firing", None) is not None


def _settings(run: Run) -> MemorySettings:
    return MemorySettings.model_validate(run.agent_version.memory)
