"""Browsing examples: filters, orders, pages, and what experts may not find out."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from apps.explore.queries.browse import PAGE
from apps.mining.models import LatestScore
from apps.projects.services import add_protocol
from apps.registry.models import ModelVersion, PredictionSet
from tests.conftest import PROTOCOL, House

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_old_counts() -> None:
    cache.clear()


def look(client: Client, house: House, name: str, query: str = "") -> str:
    client.force_login(house.people[name])
    answer = client.get(reverse("explore:data", args=[house.project.slug]) + query)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def keys_in(html: str) -> list[str]:
    return re.findall(r'<span class="clip">([^<]+)</span>', html)


def score(house: House, **scores: tuple[str, float, float | None]) -> None:
    """Latest scores by key: predicted, margin, log-odds."""
    model = ModelVersion.objects.create(
        project=house.project,
        number=1,
        digest="m",
        recipe="r",
        classes=["3", "5", "8"],
        created_at=house.clock,
    )
    source = PredictionSet.objects.create(
        project=house.project,
        model=model,
        purpose="pool",
        digest="p",
        rows=1,
        classes=["3"],
        created_at=house.clock,
    )
    for key, (predicted, margin, log_odds) in scores.items():
        LatestScore.objects.create(
            example=house.project.examples.get(key=key), project=house.project, prediction_set=source,
            predicted=predicted, confidence=0.5, margin=margin, entropy=0.5, log_odds=log_odds,
        )  # fmt: skip


def test_pages_follow_each_other_without_gap_or_repetition(client: Client, house: House) -> None:
    for number in range(PAGE + 5):
        house.example(f"k{number:03}")

    first = look(client, house, "erin")
    following = re.search(r'href="(\?[^"]+)" rel="next"', first)
    assert following
    second = look(client, house, "erin", following[1].replace("&amp;", "&"))

    assert keys_in(first) + keys_in(second) == [f"k{n:03}" for n in range(PAGE + 5)]
    assert 'rel="next"' not in second


def test_filters_narrow_by_split_label_and_beginning_of_the_key(client: Client, house: House) -> None:
    house.example("a1", label="3", split="train")
    house.example("a2", label="5", split="train")
    house.example("b1", label="3")

    assert keys_in(look(client, house, "lena", "?split=train&label=3")) == ["a1"]
    assert keys_in(look(client, house, "lena", "?prefix=a")) == ["a1", "a2"]
    assert "Nothing matches" in look(client, house, "lena", "?prefix=zzz")


def test_the_order_by_log_odds_shows_the_most_suspect_first_and_pages_on(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("a", "b", "c", "unscored"):
        house.example(key, label="3")
    score(house, a=("3", 0.9, 2.0), b=("5", 0.4, -3.0), c=("3", 0.2, 2.0))
    monkeypatch.setattr("apps.explore.queries.browse.PAGE", 2)

    first = look(client, house, "lena", "?sort=log_odds")
    following = re.search(r'href="(\?[^"]+)" rel="next"', first)
    assert following
    second = look(client, house, "lena", following[1].replace("&amp;", "&"))

    assert keys_in(first) + keys_in(second) == ["b", "a", "c"]


def test_disagreement_finds_what_the_model_says_otherwise(client: Client, house: House) -> None:
    house.example("same", label="3")
    house.example("other", label="3")
    score(house, same=("3", 0.9, 1.0), other=("8", 0.9, -1.0))

    assert keys_in(look(client, house, "lena", "?disagree=yes")) == ["other"]


def test_consensus_filters_tell_asked_disputed_and_believed_apart(client: Client, house: House) -> None:
    for key in ("believed", "disputed", "asked"):
        house.task(key)
        if key != "asked":
            for person in ("erin", "emil"):
                wrong = key == "disputed" and person == "emil"
                house.submit(house.people[person], "5" if wrong else "3")
    house.example("untouched")

    assert keys_in(look(client, house, "lena", "?consensus=believed")) == ["believed"]
    assert keys_in(look(client, house, "lena", "?consensus=disputed")) == ["disputed"]
    assert keys_in(look(client, house, "lena", "?consensus=open")) == ["asked"]
    assert keys_in(look(client, house, "lena", "?consensus=none")) == ["untouched"]


def test_experts_are_not_told_what_is_being_asked_because_gold_stays_open_longest(
    client: Client, house: House
) -> None:
    house.task("gilded", reason="gold", overlap=1000)
    house.task("done", overlap=1)
    house.submit(house.emil)

    assert "badge--accent" not in look(client, house, "erin")
    assert "badge--accent" in look(client, house, "lena")
    assert "Being asked" not in look(client, house, "erin")
    assert keys_in(look(client, house, "erin", "?consensus=believed")) == ["done"]
    for wanted in ("open", "none", "disputed"):
        assert client.get(reverse("explore:data", args=["digits"]), {"consensus": wanted}).status_code == 403
        client.force_login(house.lena)
        assert client.get(reverse("explore:data", args=["digits"]), {"consensus": wanted}).status_code == 200
        client.force_login(house.erin)


def test_experts_cannot_learn_a_benchmark_label_by_looking_or_filtering(client: Client, house: House) -> None:
    house.example("secret", label="8", split="benchmark")

    assert "given 8" not in look(client, house, "erin")
    assert keys_in(look(client, house, "erin", "?label=8")) == []
    assert "given 8" in look(client, house, "lena")
    assert keys_in(look(client, house, "lena", "?label=8")) == ["secret"]


def test_an_old_verdict_is_hidden_from_experts_while_the_example_is_asked_again(
    client: Client, house: House
) -> None:
    house.task("again")
    house.submit(house.erin, "5")
    house.submit(house.emil, "5")
    house.task("again", reason="gold", overlap=1000)

    badge = '<span class="badge badge--good">5</span>'
    assert badge not in look(client, house, "ella")
    assert badge in look(client, house, "lena")


def test_an_unknown_order_is_answered_with_the_choices(client: Client, house: House) -> None:
    client.force_login(house.lena)

    answer = client.get(reverse("explore:data", args=["digits"]), {"sort": "luck"})

    assert answer.status_code == 422
    assert "choose one of key, margin, log_odds" in answer.content.decode()


@pytest.mark.parametrize("mode", ["hidden", "blind_first"])
def test_where_suggestions_are_not_shown_the_list_does_not_give_them_to_experts(
    client: Client, house: House, mode: str
) -> None:
    add_protocol(project=house.project, body={**PROTOCOL, "suggestion": mode}, by=house.lena, at=house.clock)
    house.example("a", label="5")
    score(house, a=("8", 0.1, -2.0))
    for layout in ("grid", "table"):
        assert "data-disagrees" in look(client, house, "lena", f"?layout={layout}")
        html = look(client, house, "erin", f"?layout={layout}")
        assert "data-disagrees" not in html
        assert "model 8" not in html
        assert "Most suspect label" not in html
    for query in ("?disagree=yes", "?sort=log_odds"):
        refused = client.get(reverse("explore:data", args=[house.project.slug]) + query)
        assert refused.status_code == 403
        assert "asks before it suggests" in refused.content.decode()
    assert keys_in(look(client, house, "erin", "?sort=margin")) == ["a"]
