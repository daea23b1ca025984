"""Every job the workers do, and how one is woken. What runs in the background? This list."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from apps.core.models import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A job's name as Celery knows it, and the lane it waits in."""

    name: str
    lane: str = "default"


IMPORT = Job("exchange.import")
PREDICT = Job("registry.predict", lane="mining")
MINE = Job("mining.mine", lane="mining")
EXPORT = Job("exchange.export")
SNAPSHOT = Job("datasets.snapshot")
TRAIN = Job("training.train", lane="training")
PROPOSE = Job("curricula.propose", lane="mining")
START_TRAINING = Job("training.start_approved")

SEAL = Job("core.seal")
SEAL_LATE = Job("core.seal_late")
SWEEP = Job("core.sweep")
EXPIRE = Job("annotation.expire_leases")
REMOVE_EXPORTS = Job("exchange.remove_exports")
MAIL = Job("accounts.mail")
SESSIONS = Job("calibration.sessions")
DELIVER = Job("exchange.deliver")
FORGET = Job("exchange.forget_deliveries")


def lanes() -> list[str]:
    """The lanes that jobs wait in; each needs a worker."""
    return sorted({job.lane for job in globals().values() if isinstance(job, Job)})


TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 5, "visibility_timeout": 3600}


@cache
def producer() -> Celery:
    app = Celery("whetstone-producer", broker=settings.BROKER_URL, set_as_current=False)
    # whoever clicked waits for this: one quick second try, for the sweeper wakes what the broker did not take
    app.conf.broker_transport_options = {**TRANSPORT_OPTIONS, "max_retries": 1, "interval_start": 0}
    return app


def wake(job: Job, *args: int) -> bool:
    """Send the wake-up now. False when the broker does not answer: the sweeper will send it again."""
    try:
        producer().send_task(job.name, args=args, queue=job.lane, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("The broker did not take %s%s (%s); the sweeper will wake it.", job.name, args, error)
        return False
    return True


def enqueue(job: Job, *args: int) -> None:
    """Wake the job once the surrounding transaction has committed."""
    transaction.on_commit(lambda: wake(job, *args), robust=True)


def enqueue_run(job: Job, run: Run, *, at: datetime) -> None:
    """Wake the job for `run` on commit, and note when, so that the sweeper knows whom to wake again."""
    type(run)._default_manager.filter(pk=run.pk).update(woken_at=at)
    enqueue(job, run.pk)
