"""Where an embedded service keeps its data, and where its programs are: places its user can reach.

That is `VAR_DIR/services/` wherever possible. As root, with a checkout in a folder only root may enter, the service's
user could reach neither its data nor the programs in `.venv`. Then both live under `/var/lib/plumbline/`, and a
pointer in `VAR_DIR` says so; opening up somebody's folder is not ours to do.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from config.services.account import Account, can_reach, owner_of, service_account
from config.services.errors import ServiceError

ELSEWHERE = Path("/var/lib/plumbline")


@dataclass(frozen=True)
class Home:
    """A folder the service owns, and the user it runs as (None: ourselves)."""

    folder: Path
    account: Account | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def give(self, path: Path) -> None:
        """Let the service own `path`."""
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)


def find_home(var_dir: Path, name: str, say: Callable[[str], None]) -> Home:
    """The home of the service `name`: where it was the last time, else where its user can live."""
    near = var_dir / "services" / name
    pointer = var_dir / "services" / f"{name}.elsewhere"
    if pointer.exists():
        return _settle(Path(pointer.read_text().splitlines()[0]), service_account(say))
    if near.exists() and os.geteuid() == 0 and (owner := owner_of(near)):
        return _stay(near, owner)
    account = service_account(say)
    if account is None or can_reach(account, var_dir / "services"):
        return _settle(near, account)
    far = _open_folder() / f"{name}-{hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:12]}"
    say(f"The user {account.name} may not enter {var_dir}, so the data of {name} is kept in {far}.")
    home = _settle(far, account)
    pointer.write_text(
        f"{far}\nThe line above is where the data of {name} is kept: its user may not enter this folder.\n"
    )
    return home


def program(package: str, path: str, home: Home) -> Path:
    """A program inside an installed package, or inside a copy if the service's user cannot reach the installed one."""
    installed = _installed(package)
    if home.account is None or can_reach(home.account, installed / path):
        return installed / path
    copy = ELSEWHERE / f"{package}-{metadata.version(package)}"
    if not copy.exists():
        _copy_package(installed, Path(path).parts[0], copy)
    return copy / package / path


def _settle(folder: Path, account: Account | None) -> Home:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        home = Home(folder, account)
        home.give(folder)
    except OSError as error:
        raise ServiceError(f"The folder {folder} cannot be made for an embedded service: {error.strerror}.") from None
    return home


def _stay(folder: Path, owner: Account) -> Home:
    if not can_reach(owner, folder):
        raise ServiceError(
            f"The data in {folder} belongs to the user {owner.name}, who may not enter it any more: "
            "give that user the way back in, or choose another VAR_DIR."
        )
    return Home(folder, owner)


def _installed(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(f"The package {package} is not installed: run bin/run, or pip install -r requirements.txt.")
    return Path(spec.submodule_search_locations[0])


def _copy_package(installed: Path, part: str, copy: Path) -> None:
    """The programs and the libraries they find beside their package, complete or not at all."""
    try:
        with tempfile.TemporaryDirectory(dir=_open_folder()) as folder:
            draft = Path(folder) / "copy"
            shutil.copytree(installed / part, draft / installed.name / part, symlinks=True)
            libraries = installed.with_name(f"{installed.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, draft / libraries.name, symlinks=True)
            _let_everyone_read(draft)
            draft.rename(copy)
    except OSError as error:
        if not copy.exists():  # else another process was quicker
            raise ServiceError(
                f"The programs of {installed.name} cannot be copied to {copy}: {error.strerror}."
            ) from None


def _open_folder() -> Path:
    """The folder for what cannot live in `VAR_DIR`; others may pass through it whatever our umask."""
    try:
        ELSEWHERE.mkdir(parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o755)
    except OSError as error:
        raise ServiceError(
            f"The embedded services need {ELSEWHERE}, because their user may not enter VAR_DIR, but it cannot be used: "
            f"{error.strerror}. Choose a VAR_DIR that other users may enter."
        ) from None
    return ELSEWHERE


def _let_everyone_read(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
