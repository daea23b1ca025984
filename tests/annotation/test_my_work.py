"""What a person sees of their own work."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.annotation.queries.work import queues_for, work_of
from apps.annotation.services.declining import decline

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(client, house):
    client.force_login(house.erin)

    def get(query=""):
        return client.get(reverse("annotation:my_work", args=["digits"]) + query).content.decode()

    return get


def test_a_newcomer_is_told_what_will_stand_here(work, house):
    page = work()
    assert "No decisions yet" in page
    assert "no timed answers yet" in page


def test_pace_is_the_median_of_active_time(house):
    for seconds in (2, 9, 4):
        house.task(f"t{seconds}")
        house.submit(house.erin, active_ms=seconds * 1000)
    assert work_of(person=house.erin, project=house.project)["pace"] == 4


def test_answers_skips_and_times_are_listed_newest_first(work, house):
    house.task("first", priority=1)
    house.task("second")
    house.submit(house.erin, "5", active_ms=2500)
    house.later(seconds=1)
    lease = house.lease(house.erin)
    decline(verb="skip", assignment_id=lease.pk, person=house.erin, reason="unsure", at=house.clock)
    page = work()
    assert page.index("second") < page.index("first")
    assert "2.5 s" in page
    assert 'data-state="skipped"' in page


def test_only_ones_own_work_is_shown(work, house):
    house.task("theirs")
    house.submit(house.emil)
    assert "theirs" not in work()


def test_a_queue_says_how_much_of_it_is_open_for_this_person(house):
    for key in ("a", "b", "c"):
        house.task(key, overlap=1)
    house.submit(house.erin)
    house.lease(house.erin)
    queue = queues_for(person=house.erin, project=house.project).get()
    assert (queue.free, queue.held) == (1, 1)
    other = queues_for(person=house.emil, project=house.project).get()
    assert (other.free, other.held) == (1, 0)


def test_gold_is_not_counted_among_what_is_open(house):
    house.task("g", reason="gold")
    assert queues_for(person=house.erin, project=house.project).get().free == 0


def test_older_decisions_come_by_page_and_none_twice(work, house, monkeypatch):
    monkeypatch.setattr("apps.annotation.views.paging.PAGE", 2)
    for number in range(5):
        house.task(f"decision-{number}", priority=-number)
    decided = [house.submit(house.erin).pk for _ in range(5)]  # all at the same moment
    pages = [work(), work(f"?before={decided[3]}"), work(f"?before={decided[1]}")]
    shown = [re.findall(r'href="/p/digits/data/(decision-\d)/"', page) for page in pages]
    assert shown == [["decision-4", "decision-3"], ["decision-2", "decision-1"], ["decision-0"]]
    assert "before=" not in pages[2]


def test_the_gold_score_is_calibrations_to_say(work, house):
    assert f'hx-get="{reverse("calibration:mine", args=["digits"])}"' in work()
