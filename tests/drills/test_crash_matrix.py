"""Workers are killed at every named point of a run, in every kind of work. DRILL_SEED replays a choice of cells.

Here one cell for each point and effect is drilled; `python -m bench.drills --matrix` drills all.
"""

import os
import random
from itertools import count

import pytest

from tests import cast
from tests.drills.crashes import POINTS, Cell, agent_for, drill, some_cells

SEED = int(os.environ.get("DRILL_SEED") or 7)


@pytest.mark.parametrize("point", POINTS)
def test_what_a_killed_worker_had_begun_is_brought_to_its_one_end(point, live_stack, talk_of, dana):
    print(f"DRILL_SEED={SEED}")
    cells, numbers = some_cells(point, random.Random(SEED)), count()

    def talk_for(cell: Cell):
        return talk_of(cast.person(f"Alice{next(numbers)}"), agent_for(cell))

    drill(live_stack, cells, dana, talk_for)
