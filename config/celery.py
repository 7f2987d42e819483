"""The doorbell: Celery carries run ids and nothing else."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("plumbline")
app.set_default()  # for every thread, not only the one that imports this
app.conf.update(settings.CELERY)
app.autodiscover_tasks()
