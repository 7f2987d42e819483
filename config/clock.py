"""The Celery application beat runs with: the schedule and the broker, without everything a worker has to import."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("plumbline", fixups=[])
app.conf.update(settings.CELERY)
