"""Settings inside the test process, where pages are asked for before anybody has collected the static files."""

from tests.settings_live import *  # noqa: F403
from tests.settings_live import STORAGES

STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
