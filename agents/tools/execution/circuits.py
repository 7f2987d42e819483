"""Leaves an endpoint alone that fails and fails: after five failures in a row, half a minute, then one probe.

In the memory of one process: each worker finds out for itself, and forgets when it restarts.
"""

import time
from collections.abc import Callable

FAILURES_TO_OPEN = 5
SECONDS_OPEN = 30.0
MOST_REMEMBERED = 1_000


class Circuit:
    """What is known of one endpoint."""

    def __init__(self) -> None:
        self.failures = 0
        self.opened_at: float | None = None
        self.probe_began_at: float | None = None


class Circuits:
    """The endpoints that failed lately, by name; one that works is not remembered."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._failing: dict[str, Circuit] = {}

    def seconds_closed_to(self, endpoint: str) -> float:
        """0 where a try may begin, else the seconds until one may. After the pause the first to ask is the probe."""
        circuit = self._failing.get(endpoint)
        if circuit is None or circuit.opened_at is None:
            return 0.0
        waited_since = circuit.opened_at if circuit.probe_began_at is None else circuit.probe_began_at
        left = waited_since + SECONDS_OPEN - self.clock()
        if left > 0:
            return left
        circuit.probe_began_at = self.clock()  # a probe nobody hears of again blocks the way no longer than a failure
        return 0.0

    def answered(self, endpoint: str) -> None:
        """It works, even if it said no."""
        self._failing.pop(endpoint, None)

    def failed(self, endpoint: str) -> None:
        circuit = self._failing.setdefault(endpoint, Circuit())
        circuit.failures += 1
        circuit.probe_began_at = None
        if circuit.failures >= FAILURES_TO_OPEN:
            circuit.opened_at = self.clock()
        if len(self._failing) > MOST_REMEMBERED:
            del self._failing[next(iter(self._failing))]

    def abandoned(self, endpoint: str) -> None:
        """A try was stopped by us and says nothing; another may be the probe."""
        if circuit := self._failing.get(endpoint):
            circuit.probe_began_at = None


circuits = Circuits()
