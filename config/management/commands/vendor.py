"""`manage.py vendor`: copy the browser libraries that package.json pins into static/vendor/."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

NODE_MODULES = Path(settings.BASE_DIR) / "node_modules"
VENDOR = Path(settings.BASE_DIR) / "static" / "vendor"
SOURCE_MAP = re.compile(rb"^[ \t]*//[#@][ \t]*sourceMappingURL=.*$\n?", re.MULTILINE)


@dataclass(frozen=True)
class Library:
    """A package and the files we take of it: theirs → ours."""

    package: str
    folder: str
    licence: str
    files: dict[str, str]


LANGUAGES = (
    "bash c cpp csharp css diff dockerfile go ini java javascript json kotlin markdown php python ruby rust sql swift "
    "typescript xml yaml"
).split()
LIBRARIES = (
    Library("marked", "marked", "LICENSE", {"lib/marked.esm.js": "marked.js"}),
    Library("dompurify", "dompurify", "LICENSE", {"dist/purify.es.mjs": "purify.js"}),
    Library(
        "@highlightjs/cdn-assets",
        "highlight",
        "LICENSE",
        {"es/core.min.js": "core.js"} | {f"es/languages/{name}.min.js": f"languages/{name}.js" for name in LANGUAGES},
    ),
)


class Command(BaseCommand):
    help = "Copy the browser libraries of package.json from node_modules (after `npm ci`) into static/vendor."
    requires_system_checks: list[str] = []  # noqa: RUF012

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail if static/vendor is not as described."
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if check:
            _check_against_manifest()
            self.stdout.write("static/vendor is as its manifest says.")
            return
        manifest = {library.folder: _copy(library) for library in LIBRARIES}
        (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        self.stdout.write(f"{sum(len(entry['files']) for entry in manifest.values())} files are in static/vendor.")


def _copy(library: Library) -> dict[str, Any]:
    package = NODE_MODULES / library.package
    if not package.is_dir():
        raise CommandError(f"{library.package} is not in node_modules. Run `npm ci` first.")
    about = json.loads((package / "package.json").read_text())
    wanted = {**library.files, library.licence: "LICENSE"}
    hashes = {ours: _copy_file(package / theirs, VENDOR / library.folder / ours) for theirs, ours in wanted.items()}
    return {"name": about["name"], "version": about["version"], "licence": about["license"], "files": hashes}


def _copy_file(source: Path, target: Path) -> str:
    """Copy without the pointer to a source map: Django's manifest storage would look for that file and fail."""
    content = SOURCE_MAP.sub(b"", source.read_bytes()).rstrip() + b"\n"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _check_against_manifest() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    described = {f"{folder}/{name}": sha for folder, entry in manifest.items() for name, sha in entry["files"].items()}
    present = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    wrong = sorted(name for name in described.keys() | present.keys() if described.get(name) != present.get(name))
    wrong += [f"version of {name}" for name in _other_versions(manifest)]
    if wrong:
        raise CommandError("static/vendor differs from its manifest: " + ", ".join(wrong))


def _other_versions(manifest: dict[str, Any]) -> list[str]:
    pinned = json.loads((Path(settings.BASE_DIR) / "package.json").read_text())["devDependencies"]
    return [entry["name"] for entry in manifest.values() if pinned.get(entry["name"]) != entry["version"]]
