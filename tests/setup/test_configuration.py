"""Settings: each is documented, secrets are made, and a public installation passes its checks."""

import re
import stat
from pathlib import Path

from tests.setup.commands import BASE_DIR, manage

READ = re.compile(r'env\.(?:text|flag|number|money|words|secret|mail_server)\(\s*"([A-Z_]+)"')
DOCUMENTED = re.compile(r"^(?:# )?([A-Z][A-Z_]+)=", re.MULTILINE)


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    read = set(READ.findall((BASE_DIR / "config" / "settings.py").read_text()))
    documented = DOCUMENTED.findall((BASE_DIR / ".env.example").read_text())

    assert sorted(documented) == sorted(read)


def test_secrets_are_made_once_and_only_their_owner_reads_them(var_dirs: Path) -> None:
    var_dir = var_dirs / "secrets"
    assert manage(var_dir, "check").returncode == 0
    made = {name: (var_dir / name).read_text() for name in ("secret_key", "encryption_key")}

    assert manage(var_dir, "check").returncode == 0

    for name, secret in made.items():
        assert len(secret) >= 48
        assert (var_dir / name).read_text() == secret
        assert stat.S_IMODE((var_dir / name).stat().st_mode) == 0o600


def test_a_command_that_needs_no_services_starts_none(var_dirs: Path) -> None:
    assert manage(var_dirs / "quiet", "check").returncode == 0

    assert not (var_dirs / "quiet" / "services").exists()


def test_a_public_installation_passes_the_deployment_checks(var_dirs: Path) -> None:
    public = {
        "HTTPS": "yes",
        "HOST": "0.0.0.0",
        "ALLOWED_HOSTS": "chat.example.org",
        "SECRET_KEY": "k" * 20 + "7Q+z" * 10,
    }

    checked = manage(var_dirs / "public", "check", "--deploy", "--fail-level", "WARNING", **public)

    assert checked.returncode == 0, checked.stdout


def test_a_public_installation_with_debug_on_does_not(var_dirs: Path) -> None:
    public = {"HTTPS": "yes", "HOST": "0.0.0.0", "ALLOWED_HOSTS": "chat.example.org", "DEBUG": "yes"}

    checked = manage(var_dirs / "public", "check", "--deploy", "--fail-level", "WARNING", **public)

    assert checked.returncode == 1
    assert "everybody who can reach it sees code and settings" in checked.stdout
