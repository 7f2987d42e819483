"""The settings of the drills of services: leases that outlast a short absence of the database, as in production."""

from tests.settings_live import *  # noqa: F403

RUN_LEASE_SECONDS = 30
