"""The Celery app: its lanes and its schedule. What each job is stands in `apps.core.jobs`."""

from __future__ import annotations

import os

import django
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings")
django.setup()

from django.conf import settings  # noqa: E402  # settings exist only after django.setup()

from apps.core import jobs  # noqa: E402

app = Celery("whetstone", broker=settings.BROKER_URL)
app.conf.update(
    task_queues={lane: {} for lane in jobs.lanes()},
    task_default_queue="default",
    task_ignore_result=True,
    # a message is only a wake-up: the run's row is claimed, so losing or doubling a message does no harm
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options=jobs.TRANSPORT_OPTIONS,
    timezone="UTC",
    beat_schedule={
        "seal": {"task": jobs.SEAL.name, "schedule": 2.0, "options": {"expires": 10}},
        "seal_late": {"task": jobs.SEAL_LATE.name, "schedule": 3600.0, "options": {"expires": 600}},
        "sweep": {"task": jobs.SWEEP.name, "schedule": 5.0, "options": {"expires": 20}},
        "expire": {"task": jobs.EXPIRE.name, "schedule": 5.0, "options": {"expires": 20}},
        "remove_exports": {"task": jobs.REMOVE_EXPORTS.name, "schedule": 900.0, "options": {"expires": 600}},
        # digests too: each row knows from when on it may be mailed, so no digest is missed while beat is down
        "mail": {"task": jobs.MAIL.name, "schedule": 30.0, "options": {"expires": 60}},
        "sessions": {"task": jobs.SESSIONS.name, "schedule": 900.0, "options": {"expires": 600}},
        "deliver": {"task": jobs.DELIVER.name, "schedule": 2.0, "options": {"expires": 10}},
        "forget": {"task": jobs.FORGET.name, "schedule": 3600.0, "options": {"expires": 600}},
    },
    imports=[
        f"workers.jobs.{name}"
        for name in (
            "core",
            "accounts",
            "calibration",
            "exchange",
            "webhooks",
            "exports",
            "registry",
            "mining",
            "datasets",
            "curricula",
            "training",
        )
    ],
)
