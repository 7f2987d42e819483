import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def var_dirs() -> Iterator[Path]:
    """A folder for VAR_DIRs that every user may enter, as a home folder is on most machines."""
    folder = Path(tempfile.mkdtemp(prefix="plumbline setup "))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
