from django.apps import AppConfig
from django.conf import settings


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import celery, checks, crashes  # noqa: F401, PLC0415 - tasks find their Celery application, Django its checks

        if settings.SENTRY_DSN:
            crashes.report_to(settings.SENTRY_DSN)
