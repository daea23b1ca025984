"""Payloads are kept once by digest and never change; a purge leaves a tombstone."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from apps.examples.models import Example, Payload

pytestmark = pytest.mark.django_db


def test_a_payload_cannot_be_changed(house):
    example = house.example("a")
    with pytest.raises(DatabaseError, match="append_only"), transaction.atomic():
        Payload.objects.filter(pk=example.payload_id).update(body={"text": "something else"})
    example.payload.refresh_from_db()
    assert example.payload.body == {"text": "the text of a"}


def test_a_purge_empties_the_body_and_keeps_the_row(house, at):
    example = house.example("a")
    Payload.objects.filter(pk=example.payload_id).update(body=None, purged_at=at)
    example.payload.refresh_from_db()
    assert (example.payload.body, example.payload.purged_at) == (None, at)


def test_a_payload_in_use_cannot_be_deleted(house):
    example = house.example("a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Payload.objects.filter(pk=example.payload_id).delete()


def test_a_key_stands_once_in_a_project(house):
    house.example("a")
    with pytest.raises(IntegrityError, match="one_key_each"), transaction.atomic():
        house.example("a")
    assert Example.objects.count() == 1
