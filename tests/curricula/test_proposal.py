"""Reading a proposal: what would change, whether it is safe, and who may decide."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client

from apps.curricula.models import Proposal
from apps.curricula.review import Review, review_of
from apps.examples.models import Example, Payload
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def read(client: Client, turn: Turn, proposal: Proposal, name: str = "luis") -> str:
    client.force_login(turn.house.people[name])
    answer = client.get(f"/p/digits/proposals/{proposal.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def review(turn: Turn, proposal: Proposal, name: str = "luis", seed: int = 0) -> Review:
    return review_of(proposal=proposal, reader=turn.house.people[name], rng=np.random.default_rng(seed))


def verdicts(found: Review) -> dict[str, str]:
    return {check.title: check.verdict for check in found.checks}


def test_a_first_proposal_is_compared_with_nothing(client: Client, turn: Turn) -> None:
    proposal = turn.proposal(note="All that was given.")
    html = read(client, turn, proposal)

    assert "All that was given." in html
    assert "nothing was in force then" in html
    assert "not known before the first promoted model" in html


def test_changed_labels_stand_with_the_old_and_the_new(client: Client, turn: Turn) -> None:
    turn.answered()
    proposal = turn.proposal()
    found = review(turn, proposal)

    assert found.before is not None
    assert {row.values["label"] for row in found.relabelled} == {"3"}
    assert {row.values["was"] for row in found.relabelled} <= {"5", "8"}
    assert all(row.content.text.startswith("the text of t") for row in found.relabelled)
    assert "<del>5</del>" in read(client, turn, proposal)


def test_the_cost_follows_the_rows_and_epochs_of_the_model_in_production(turn: Turn) -> None:
    turn.answered()
    found = review(turn, turn.proposal())

    assert found.before is not None
    assert found.seconds is not None
    steps = [
        sum(stage["rows"] / (1 - stage["replay"]) * stage["epochs"] for stage in curriculum.stages)
        for curriculum in (found.before, found.proposal.curriculum)
    ]
    assert found.seconds == pytest.approx(8.0 * steps[1] / steps[0])


def test_stages_are_matched_by_name_not_by_number(turn: Turn) -> None:
    turn.answered()
    found = {share.name: (share.before, share.after) for share in review(turn, turn.proposal()).stages}

    assert found["foundations"][0] == 12
    assert found["corrections"][0] == 0
    assert found["corrections"][1] > 0


def test_a_safe_proposal_has_nothing_that_fails(turn: Turn) -> None:
    found = review(turn, turn.proposal())
    assert set(verdicts(found).values()) == {"pass"}
    assert not found.unsafe


def test_content_that_became_a_benchmark_fails_the_checklist_and_blocks_approval(
    client: Client, turn: Turn
) -> None:
    proposal = turn.proposal()
    taught = Example.objects.get(key="t00")
    Example.objects.filter(key="bench0000").update(payload=taught.payload_id)

    assert verdicts(review(turn, proposal))["1 row with the content of benchmark examples"] == "fail"
    html = read(client, turn, proposal)
    assert 'type="submit" disabled' in html
    assert "The safety checklist has a failed line" in html
    answer = client.post(
        f"/p/digits/proposals/{proposal.pk}/approve/", {"digest": proposal.curriculum.digest}
    )
    proposal.refresh_from_db()
    assert (answer.status_code, proposal.state) == (409, "open")


def test_a_purged_row_fails_the_checklist(turn: Turn) -> None:
    proposal = turn.proposal()
    Payload.objects.filter(examples__key="t00").update(body=None, purged_at=turn.house.clock)

    assert verdicts(review(turn, proposal))["1 row purged since"] == "fail"


def test_rows_without_a_licence_are_warned_of(turn: Turn) -> None:
    Example.objects.filter(key="t00").update(licence="")
    found = review(turn, turn.proposal())
    assert verdicts(found)["1 row without a licence"] == "warn"
    assert not found.unsafe


def test_every_reader_is_shown_the_same_samples(client: Client, turn: Turn) -> None:
    proposal = turn.proposal()
    first = read(client, turn, proposal, "luis").split("samples-title")[2]
    again = read(client, turn, proposal, "erin").split("samples-title")[2]

    def keys(html: str) -> list[str]:
        return [part.split("/")[0] for part in html.split("/p/digits/data/")[1:]]

    assert keys(first) == keys(again)
    assert len(keys(first)) == 12


def test_the_author_is_told_why_they_cannot_approve(client: Client, turn: Turn) -> None:
    html = read(client, turn, turn.proposal(), "lena")

    assert "You put this forward, so another lead has to approve it." in html
    assert "/approve/" not in html
    assert "Withdraw" in html


def test_an_expert_reads_but_does_not_decide(client: Client, turn: Turn) -> None:
    html = read(client, turn, turn.proposal(), "erin")
    assert "A lead other than lena decides." in html
    assert "<form" not in html.split("decide-title")[1].split("</section>")[0]


def test_another_lead_approves_what_they_read(client: Client, turn: Turn) -> None:
    proposal = turn.proposal()
    html = read(client, turn, proposal)
    digest = html.split('name="digest" value="')[1].split('"')[0]

    answer = client.post(f"/p/digits/proposals/{proposal.pk}/approve/", {"digest": digest, "note": "fine"})

    proposal.refresh_from_db()
    assert answer["Location"] == "/p/digits/"
    assert (proposal.state, proposal.decided_by, proposal.decision_note) == (
        "approved",
        turn.house.luis,
        "fine",
    )


def test_what_changed_since_it_was_read_is_not_approved(client: Client, turn: Turn) -> None:
    proposal = turn.proposal()
    client.force_login(turn.house.luis)

    answer = client.post(f"/p/digits/proposals/{proposal.pk}/approve/", {"digest": "0" * 64})

    proposal.refresh_from_db()
    assert (answer.status_code, proposal.state) == (409, "open")


def test_sending_back_needs_a_reason(client: Client, turn: Turn) -> None:
    proposal = turn.proposal()
    client.force_login(turn.house.luis)
    url = f"/p/digits/proposals/{proposal.pk}/send-back/"

    assert client.post(url, {"reason": " "}).status_code == 422
    assert client.post(url, {"reason": "Too few sevens."}).status_code == 302

    assert "“Too few sevens.”" in read(client, turn, proposal, "lena")


def test_a_proposal_of_another_project_is_not_found(client: Client, turn: Turn) -> None:
    client.force_login(turn.house.luis)
    assert client.get("/p/digits/proposals/999/").status_code == 404


def test_approved_in_one_tab_the_other_says_by_whom_and_leads_back(client: Client, turn: Turn) -> None:
    proposal = turn.proposal()
    client.force_login(turn.house.luis)
    page = f"/p/digits/proposals/{proposal.pk}/"
    sent = {"digest": proposal.curriculum.digest}
    client.post(f"{page}approve/", sent)

    answer = client.post(f"{page}approve/", sent, headers={"Referer": f"http://testserver{page}"})

    html = answer.content.decode()
    assert answer.status_code == 409
    assert "This proposal is already approved (by luis, " in html
    assert f'href="{page}">Go back' in html
    assert 'aria-label="Places"' in html
