"""The audit chain: append-only, sealed in order, and it shows when somebody has been at it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from apps.core import events
from apps.core.events import record_event, seal_events, verify_chain
from apps.core.health import sealer
from apps.core.jobs import SEAL, SEAL_LATE
from apps.core.models import Event, EventSeal
from tests.conftest import behind_the_triggers
from workers.celery import app

pytestmark = pytest.mark.django_db
app.loader.import_default_modules()


@pytest.fixture
def chain(house, at):
    for n in range(5):
        record_event(kind="test.happened", row=house.project, at=at, actor=house.ada, n=n)
    seal_events()


def test_sealing_numbers_every_event_once(chain):
    assert verify_chain().intact
    assert verify_chain().sealed == Event.objects.count()
    assert seal_events() == 0
    numbers = list(EventSeal.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def test_events_and_seals_cannot_be_changed_or_deleted(chain):
    event, seal = Event.objects.first(), EventSeal.objects.first()
    for change in (
        lambda: Event.objects.filter(pk=event.pk).update(kind="other"),
        event.delete,
        lambda: EventSeal.objects.filter(pk=seal.pk).update(digest="0"),
        seal.delete,
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_an_event_forged_behind_the_triggers_breaks_the_chain_there(chain):
    third = EventSeal.objects.get(number=3).event_id
    with behind_the_triggers():
        Event.objects.filter(pk=third).update(data={"n": 99})
    report = verify_chain()
    assert (report.intact, report.broken_at, report.sealed) == (False, 3, 2)


def test_a_removed_event_breaks_the_chain(chain):
    seal = EventSeal.objects.get(number=2)
    with behind_the_triggers():
        seal.delete()
        Event.objects.filter(pk=seal.event_id).delete()
    assert verify_chain().broken_at == 2


def test_an_event_that_committed_late_is_sealed_after_those_before_it(chain, house, at):
    record_event(kind="test.late", row=house.project, at=at)
    with behind_the_triggers():  # as if an older transaction had drawn a lower id
        Event.objects.filter(kind="test.late").update(id=-1)
    assert seal_events() == 1
    assert verify_chain().intact
    assert EventSeal.objects.order_by("-number").first().event_id == -1


def test_an_event_that_committed_after_the_window_has_passed_is_still_sealed(chain, house, at, monkeypatch):
    monkeypatch.setattr(events, "WINDOW", 3)
    record_event(kind="test.late", row=house.project, at=at)
    with behind_the_triggers():
        Event.objects.filter(kind="test.late").update(id=-1)

    app.tasks[SEAL.name]()
    assert sealer().detail == "events unsealed for more than a minute: 1"
    app.tasks[SEAL_LATE.name]()

    assert sealer().well
    assert verify_chain().intact
    assert verify_chain().unsealed == 0


def test_the_late_are_looked_for_once_an_hour():
    entry = next(e for e in app.conf.beat_schedule.values() if e["task"] == SEAL_LATE.name)
    assert entry["schedule"] == 3600


def test_unsealed_events_are_reported_not_hidden(chain, house, at):
    record_event(kind="test.fresh", row=house.project, at=at)
    report = verify_chain()
    assert (report.intact, report.unsealed) == (True, 1)
