"""The pages of exports: what fits is offered, a run is followed, its file downloaded and removed."""

from __future__ import annotations

import pytest

from apps.exchange.models import ExportRun
from tests.exchange.exported import Exporter, content
from tests.turn import Turn

pytestmark = pytest.mark.django_db

URL = "/p/digits/exports/"


@pytest.fixture
def lena(client, house):
    client.force_login(house.lena)
    return client


def read(client, url=URL):
    return client.get(url).content.decode()


def test_the_form_offers_what_fits_and_says_why_not(lena):
    html = read(lena)
    assert "Nothing exported yet" in html
    assert 'value="parquet"' in html
    assert 'value="conll"' not in html
    assert "is made of people’s answers" in html
    assert "Benchmark rows, too" in html
    assert "People by name" not in html


def test_annotations_are_offered_in_formats_of_answers_too(lena):
    html = read(lena, f"{URL}?what=annotations")
    assert 'value="label_studio"' in html
    assert "People by name" in html
    assert "the protocol asks for none" in html, "no spans"


def test_a_version_is_chosen_and_comes_chosen_from_its_page(lena, house):
    assert "Cut a dataset version" in read(lena, f"{URL}?what=dataset")
    dataset = Turn(house).dataset()
    address = f"{URL}?what=dataset&amp;version={dataset.digest}#start"
    assert address in read(lena, "/p/digits/datasets/1/")
    assert f'value="{dataset.digest}" selected' in read(lena, f"{URL}?what=dataset&version={dataset.digest}")


def test_a_proposal_leads_to_the_export_of_its_curriculum(lena, house):
    proposal = Turn(house).proposal()
    link = f"?what=curriculum&amp;version={proposal.curriculum.digest}#start"
    assert link in read(lena, f"/p/digits/proposals/{proposal.pk}/")


def test_an_export_is_started_followed_and_downloaded(lena, house):
    house.example("a")
    answer = lena.post(f"{URL}start/", {"what": "examples", "format": "csv"})
    run = ExportRun.objects.get()
    assert answer.url == f"{URL}{run.pk}/"
    assert 'hx-trigger="every 1s"' in read(lena, answer.url)
    assert 'hx-trigger="every 2s"' in read(lena)
    house.work(run)
    html = read(lena, answer.url)
    assert "hx-trigger" not in html
    assert run.digest in html
    assert f'href="/api/v1/exports/{run.pk}/file/"' in html
    got = lena.get(f"/api/v1/exports/{run.pk}/file/")
    assert b"".join(got.streaming_content) == content(run)
    assert "Download" in read(lena)


def test_what_was_chosen_badly_comes_back_with_the_form(lena, house):
    answer = lena.post(f"{URL}start/", {"what": "examples", "format": "conll"})
    assert answer.status_code == 422
    assert "Select a valid choice" in answer.content.decode()
    assert lena.post(f"{URL}start/", {"what": "dataset", "format": "csv"}).status_code == 422
    assert not ExportRun.objects.exists()


def test_a_run_is_cancelled_tried_again_and_its_file_removed(lena, house):
    run = Exporter(house).start()
    lena.post(f"{URL}{run.pk}/cancel/")
    assert "cancelled" in read(lena, f"{URL}{run.pk}/")
    lena.post(f"{URL}{run.pk}/retry/")
    house.work(run)
    answer = lena.post(f"{URL}{run.pk}/remove/")
    assert answer.url == URL
    assert "is removed" in read(lena)
    assert "Export it again" in read(lena, f"{URL}{run.pk}/")


def test_jobs_lead_to_the_export_who_may_and_name_it_to_others(client, house):
    run = Exporter(house).start()
    client.force_login(house.lena)
    assert f'href="{URL}{run.pk}/"' in read(client, "/p/digits/jobs/")
    client.force_login(house.erin)
    html = read(client, "/p/digits/jobs/")
    assert f"Export {run.pk}" in html
    assert f'href="{URL}{run.pk}/"' not in html
