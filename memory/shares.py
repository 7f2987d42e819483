"""How sure a share of good outcomes is, when only some were judged."""

import math
from dataclasses import dataclass

Z = 1.96  # 95 % of the normal distribution lies within


@dataclass(frozen=True)
class Share:
    """Of `judged` outcomes, `good` were good."""

    good: int
    judged: int

    @property
    def rate(self) -> float:
        return self.good / self.judged if self.judged else 0.0

    @property
    def at_least(self) -> float | None:
        """Wilson's lower bound: what the true share hardly is below; None when nothing was judged."""
        return None if not self.judged else max(0.0, self._middle - self._reach)

    @property
    def at_most(self) -> float | None:
        return None if not self.judged else min(1.0, self._middle + self._reach)

    @property
    def _middle(self) -> float:
        return (self.rate + Z * Z / (2 * self.judged)) / (1 + Z * Z / self.judged)

    @property
    def _reach(self) -> float:
        spread = self.rate * (1 - self.rate) / self.judged + Z * Z / (4 * self.judged**2)
        return Z * math.sqrt(spread) / (1 + Z * Z / self.judged)
