"""The libraries in static/vendor are the ones that package.json pins, unchanged."""

import json

from django.conf import settings
from django.core.management import call_command


def test_the_vendored_libraries_are_as_their_manifest_says(capsys):
    call_command("vendor", "--check")

    assert "as its manifest says" in capsys.readouterr().out


def test_the_lock_file_names_no_registry():
    lock = json.loads((settings.BASE_DIR / "package-lock.json").read_text())

    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
