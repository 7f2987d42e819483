"""The arrows between the rooms, as `pyproject.toml` draws them."""

import subprocess
import sys
from pathlib import Path


def test_imports_point_down_and_observability_has_one_door():
    lint = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]

    checked = subprocess.run(
        [*lint, "--no-cache"], cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
