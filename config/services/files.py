"""The files in `VAR_DIR` by which processes agree on an embedded service."""

from pathlib import Path

from config.services.errors import ServiceError


class Files:
    def __init__(self, var_dir: Path, name: str):
        self.connection = var_dir / "services" / f"{name}.json"
        self.users = var_dir / "services" / f"{name}.users"  # locked, shared, by each process that uses the service
        self.turn = var_dir / "services" / f"{name}.turn"  # locked by whoever comes or goes
        self.log = var_dir / "log" / f"{name}.log"


def make_folders(var_dir: Path) -> None:
    """`VAR_DIR` and the folders in it, or a sentence why not."""
    try:
        for folder in (var_dir, var_dir / "services", var_dir / "log"):
            folder.mkdir(parents=True, exist_ok=True)
        (var_dir / "services").chmod(0o711)  # the services' user passes through it, whatever our umask
        probe = var_dir / "services" / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ServiceError(
            f"VAR_DIR, the folder {var_dir}, cannot be written to ({error.strerror}): "
            "make it writable for the user who starts Plumbline, or set VAR_DIR to another."
        ) from None
