"""The page of a queue: what is open, for whom, and how soon."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.annotation.models import Task
from apps.mining.models import MiningRun
from apps.projects.services.groups import dissolve_group, make_group
from tests.turn import Turn

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def germanists(house):
    people = ["erin", "emil"]
    return make_group(project=house.project, name="Germanists", people=people, by=house.lena, at=house.clock)


@pytest.fixture
def luis(client, house, germanists):
    client.force_login(house.luis)
    return client


def url(house, name="queue"):
    return reverse(f"mining:{name}", args=["digits", house.queue.pk])


def page(client, house, query=""):
    return client.get(url(house) + query).content.decode()


def test_what_is_open_is_listed_as_it_is_served_and_gold_is_not(luis, house):
    house.task("second", priority=0.1)
    house.task("first", priority=0.2)
    house.task("golden", reason="gold")
    shown = page(luis, house)
    assert shown.index("first") < shown.index("second")
    assert "golden" not in shown


def test_what_is_ticked_is_reserved_and_the_page_says_for_whom(luis, house):
    for key in ("a", "b"):
        house.task(key)
    given = {"keys": ["a"], "audience": "group:Germanists", "n": ""}
    assert luis.post(url(house, "reserve"), given).status_code == 302
    assert list(Task.objects.exclude(reserved_for=None).values_list("example__key", flat=True)) == ["a"]
    shown = page(luis, house)
    assert "1 task is reserved for Germanists now" in shown
    assert "enough people" in shown


def test_the_first_of_what_the_filters_match_are_reserved_where_nothing_is_ticked(luis, house):
    for n, lang in enumerate(("de", "de", "en")):
        house.example(f"k{n}", lang=lang)
        house.task(f"k{n}", priority=0.9 - n / 10)
    assert ">k2<" not in page(luis, house, "?attributes=lang%3Dde")
    given = {"attributes": "lang=de", "n": "1", "audience": "person:erin"}
    refused = luis.post(url(house, "reserve"), given, headers=HTMX)
    assert (refused.status_code, refused["X-Error-Code"]) == (409, "too_few_people")
    assert "which erin cannot give: that is one person" in refused.content.decode()
    given["audience"] = "group:Germanists"
    answer = luis.post(url(house, "reserve"), given)
    assert answer.url.endswith("?attributes=lang%3Dde")
    assert list(Task.objects.exclude(reserved_for=None).values_list("example__key", flat=True)) == ["k0"]


def test_a_stuck_reservation_is_shown_with_its_mend_and_lifted(luis, house, germanists):
    house.task("a")
    luis.post(url(house, "reserve"), {"audience": "group:Germanists"})
    germanists.people.clear()
    assert "1 stuck" in luis.get(reverse("mining:runs", args=["digits"])).content.decode()
    shown = page(luis, house)
    assert "Too few people are left to answer it" in shown
    assert "Add people to the group" in shown
    luis.post(url(house, "reserve"), {"reserved_for": "group:Germanists", "audience": "everybody"})
    assert house.lease(house.ella) is not None


def test_priorities_are_set_from_the_page(luis, house):
    house.task("a")
    luis.post(url(house, "prioritise"), {"level": "high"})
    assert Task.objects.get().priority >= 1
    assert "badge--accent" in page(luis, house)
    assert luis.post(url(house, "prioritise"), {"level": "urgent"}, headers=HTMX).status_code == 422


@pytest.mark.parametrize(
    "field", [{"reason": "gold"}, {"n": "0"}, {"n": "x"}, {"attributes": "lang"}, {"priority": "1"}]
)
def test_odd_filters_are_refused_in_words(luis, house, field):
    house.task("a")
    assert luis.get(url(house), field).status_code == 422
    assert luis.post(url(house, "reserve"), {**field, "audience": "everybody"}).status_code == 422


def test_the_list_goes_on_after_a_page_and_not_after_a_strange_task(luis, house):
    tasks = [house.task(f"k{n:02}", priority=0.5) for n in range(26)]
    first = page(luis, house)
    assert f"after={tasks[24].pk}" in first
    assert ">k25<" not in first
    assert ">k25<" in page(luis, house, f"?after={tasks[24].pk}")
    assert luis.get(url(house) + "?after=999999").status_code == 404


def mine(client, **policy):
    given = {"audit": 2, "label_error": 0, "margin": 0, "overlap": 2, **policy}
    return client.post(reverse("mining:start", args=["digits"]), given)


def test_a_mining_run_opens_its_tasks_for_a_group(luis, house, germanists):
    Turn(house).round()
    assert mine(luis, reserved_for="group:Germanists").status_code == 302
    run = MiningRun.objects.latest("pk")
    house.work(run)
    assert set(Task.objects.filter(mining_run_id=run.pk).values_list("reserved_for", flat=True)) == {
        germanists.pk
    }


def test_a_mining_run_for_a_group_that_was_dissolved_opens_for_everybody(luis, house, germanists):
    Turn(house).round()
    mine(luis, reserved_for="group:Germanists")
    run = MiningRun.objects.latest("pk")
    dissolve_group(group=germanists, by=house.lena, at=house.clock)
    house.work(run)
    assert set(Task.objects.filter(mining_run_id=run.pk).values_list("reserved_for", flat=True)) == {None}


def test_a_mining_run_never_asks_more_answers_of_a_group_than_it_has_people(luis, house):
    Turn(house).round()
    before = MiningRun.objects.count()
    refused = mine(luis, overlap=3, reserved_for="group:Germanists")
    assert refused.status_code == 422
    assert "Germanists has only 2 who may answer" in refused.content.decode()
    assert MiningRun.objects.count() == before
