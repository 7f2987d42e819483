"""The product's settings with the product's clocks, and the ledger's tools: for drills that measure."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS, VAR_DIR

INSTALLED_APPS = [*INSTALLED_APPS, "tests.drills.ledger"]
LEDGER_FILE = VAR_DIR / "ledger.jsonl"
