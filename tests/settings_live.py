"""The product's settings for the processes of the tests: short leases and clocks, so that a test can wait for them."""

from config.settings import *  # noqa: F403
from config.settings import CELERY, INSTALLED_APPS, VAR_DIR

INSTALLED_APPS = [*INSTALLED_APPS, "tests.drills.ledger", "tests.agents.hostile"]
LEDGER_FILE = VAR_DIR / "ledger.jsonl"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
RUN_LEASE_SECONDS = 5
RUN_HEARTBEAT_SECONDS = 1
SOCKET_PATIENCE_SECONDS = 3
SOCKET_CHECK_SECONDS = 1
DRAIN_SECONDS = 1
LLM_ATTEMPTS = 2
LLM_CONNECT_SECONDS = 1
LLM_FIRST_TOKEN_SECONDS = 3
LLM_IDLE_SECONDS = 3
LLM_TOTAL_SECONDS = 30
RUN_UNHEARD_SECONDS = 2
CELERY = CELERY | {"beat_schedule": {"reap": {"task": "agents.reap", "schedule": 1.0, "options": {"expires": 5.0}}}}
