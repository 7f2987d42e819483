"""`bin/run` and its siblings, on machines that are not ready for them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.setup.commands import BASE_DIR


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout, in a folder with a space in its name."""
    folder = tmp_path / "fresh checkout"
    shutil.copytree(BASE_DIR / "bin", folder / "bin")
    for name in ("requirements.txt", "requirements-dev.txt"):
        shutil.copyfile(BASE_DIR / name, folder / name)
    return folder


def run(checkout: Path, script: str, *tools: str, python: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a script on a machine that has these tools and, if any, this `python3`."""
    path = checkout.parent / "tools"
    path.mkdir()
    for tool in tools:
        found = shutil.which(tool)
        assert found is not None
        (path / tool).symlink_to(found)
    if python:
        (path / "python3").write_text(python)
        (path / "python3").chmod(0o755)
    return subprocess.run(
        ["/bin/sh", checkout / "bin" / script], env={"PATH": str(path)}, cwd="/", check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.mark.parametrize("script", ["run", "test", "manage"])
def test_an_old_python_is_one_sentence(checkout: Path, script: str) -> None:
    old = '#!/bin/sh\ncase "$2" in *exit*) exit 1;; *) echo 3.9.2;; esac\n'

    failed = run(checkout, script, "dirname", "cmp", python=old)

    assert failed.returncode == 1
    assert failed.stdout == (
        "Plumbline needs Python 3.11 or newer, and this machine has 3.9.2: install a newer one and start again.\n"
    )


def test_no_python_is_one_sentence(checkout: Path) -> None:
    failed = run(checkout, "run", "dirname", "cmp")

    assert failed.returncode == 1
    assert failed.stdout == (
        "Plumbline needs Python 3.11 or newer, and this machine has none: install it and start again.\n"
    )
