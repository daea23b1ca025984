"""One round with its reflection and what it made, and the history of all."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.test import Client

from apps.rounds.history import changes, history, history_figure
from apps.rounds.services import Lesson, close_round, open_first_round
from apps.training.services.gates import judge_candidate, promote, roll_back
from tests.conftest import House
from tests.turn import Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(house: House) -> Turn:
    return Turn(house)


def close(turn: Turn) -> None:
    house = turn.house
    turn.answered()
    promote(gate_id=turn.gate().pk, project=house.project, by=house.luis, at=house.clock)
    lesson = Lesson("More labels.", "More accuracy.", "Small margins.", "More of them.")
    close_round(
        round_id=house.project.rounds.get().pk,
        project=house.project,
        by=house.lena,
        lesson=lesson,
        at=house.clock,
    )


def test_a_closed_round_shows_its_lesson_and_what_it_made(client: Client, turn: Turn) -> None:
    close(turn)
    client.force_login(turn.house.erin)

    html = client.get("/p/digits/rounds/1/").content.decode()

    assert "Small margins." in html
    assert html.count('data-state="done"') == 8, "all of the track"
    assert "/p/digits/models/2/" in html
    assert "/p/digits/datasets/2/" in html
    assert "Model v2 was promoted over v1, 1.000 on frozen (95 % interval 0.940 to 1.000, n = 60)." in html
    assert '<span class="phase-owner">lena</span>' in html.split("</ol>")[1], "she wrote the reflection"


@pytest.mark.django_db(transaction=True)
def test_two_leads_who_open_the_first_round_at_the_same_moment_open_one(house: House) -> None:
    outcome: dict[str, object] = {}

    def other() -> None:
        try:
            outcome["round"] = open_first_round(project=house.project, by=house.luis, at=house.clock)
        except Exception as error:
            outcome["round"] = error
        finally:
            connection.close()

    with transaction.atomic():
        mine = open_first_round(project=house.project, by=house.lena, at=house.clock)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(1)  # it waits for us, or it has opened a round behind our back
        assert thread.is_alive()
    thread.join(20)
    assert outcome["round"] == mine
    assert house.project.rounds.count() == 1


def test_an_open_round_has_no_lesson_yet(client: Client, turn: Turn) -> None:
    turn.round()
    client.force_login(turn.house.erin)
    assert "This round is still open" in client.get("/p/digits/rounds/1/").content.decode()


def test_there_is_no_round_of_that_number(client: Client, turn: Turn) -> None:
    client.force_login(turn.house.erin)
    assert client.get("/p/digits/rounds/7/").status_code == 404


def test_history_counts_labels_and_the_given_ones_found_wrong(turn: Turn) -> None:
    turn.answered()
    turn.gate()

    one, base = history(project=turn.house.project)

    # everything was answered 3; of the labelled ones that were asked, those given 5 or 8 count as wrong
    consensus = turn.house.project.queues.get().tasks.filter(given_label__in=["5", "8"]).count()
    with_given = turn.house.project.queues.get().tasks.filter(given_label__isnull=False).count()
    assert (one.number, one.labels.n, one.labels.wrong) == (1, 10, consensus)
    assert one.labels.with_given == with_given < 10, "a label that was never given cannot be wrong"
    assert consensus > 0
    assert one.accuracy is not None
    assert (one.accuracy["estimate"], one.accuracy["n"]) == (1.0, 60)
    assert (base.number, base.labels.n) == (0, 0)


def test_the_chart_needs_two_rounds(turn: Turn) -> None:
    turn.production(right=0.8)
    assert history_figure(history(project=turn.house.project)) is None


def test_the_chart_says_how_far_accuracy_has_come(turn: Turn) -> None:
    turn.answered()
    turn.gate()

    figure = history_figure(history(project=turn.house.project))

    assert figure is not None
    assert figure.title == "Accuracy on the benchmark went from 0.800 to 1.000 in 1 round"
    assert [row[0] for row in figure.rows] == ["0 (base)", "1"]


def test_the_board_tells_what_the_round_before_changed(turn: Turn) -> None:
    close(turn)
    told = changes(past=history(project=turn.house.project), number=2)

    assert told[0] == "Model v2 was promoted over v1, 1.000 on frozen (95 % interval 0.940 to 1.000, n = 60)."
    assert told[1].startswith("Curriculum v2 teaches ")
    assert told[2].startswith("People gave 10 labels; ")
    assert "that had been given one before were wrong (" in told[2]
    assert len(told) == 3


def rolled_back(turn: Turn) -> None:
    close(turn)
    house = turn.house
    at = house.later(minutes=1)
    roll_back(project=house.project, by=house.luis, reason="It broke on Mondays.", at=at)


def test_a_roll_back_is_told_on_the_board_and_in_both_rounds(client: Client, turn: Turn) -> None:
    rolled_back(turn)
    client.force_login(turn.house.erin)

    for page in ("", "rounds/1/", "rounds/2/"):
        html = client.get(f"/p/digits/{page}").content.decode()
        assert "Production was rolled back from model v2 to v1 by luis: “It broke on Mondays.”" in html


def test_after_a_roll_back_the_board_names_the_model_in_production(client: Client, turn: Turn) -> None:
    close(turn)
    client.force_login(turn.house.lena)
    assert "in production now" not in client.get("/p/digits/").content.decode()
    roll_back(project=turn.house.project, by=turn.house.luis, reason="It broke.", at=turn.house.clock)

    html = client.get("/p/digits/").content.decode()

    assert 'in production now <a href="/p/digits/models/1/">model v1</a>' in html


def test_judging_a_rolled_back_model_again_rewrites_no_history(client: Client, turn: Turn) -> None:
    rolled_back(turn)
    promoted = turn.house.project.gates.get(state="promoted", round_number=1)

    judge_candidate(candidate=promoted.candidate, at=turn.house.later(minutes=1))

    assert history(project=turn.house.project)[1].gate == promoted
    client.force_login(turn.house.erin)
    html = client.get("/p/digits/rounds/1/").content.decode()
    assert "promoted v2" in html
    assert "nobody has decided" not in html


def test_a_closed_round_says_how_many_tasks_were_answered_and_how_many_withdrawn(
    client: Client, turn: Turn
) -> None:
    turn.answered()
    task = turn.house.project.queues.get().tasks.first()
    type(task).objects.filter(pk=task.pk).update(state="withdrawn")
    client.force_login(turn.house.erin)

    html = client.get("/p/digits/rounds/1/").content.decode()

    assert "9 answered, 1 withdrawn" in html
