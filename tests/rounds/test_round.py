"""One round with its reflection and what it made, and the history of all."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.test import Client

from apps.rounds.history import changes, history, history_figure
from apps.rounds.services import Lesson, close_round, open_first_round
from apps.training.services.gates import promote
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
    assert "Model v2 was promoted over v1, 1.000 on frozen (n = 60)." in html


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
    assert (one.number, one.labels, one.label_errors) == (1, 10, consensus)
    assert consensus > 0
    assert one.accuracy is not None
    assert (one.accuracy["estimate"], one.accuracy["n"]) == (1.0, 60)
    assert (base.number, base.labels) == (0, 0)


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

    assert told[0] == "Model v2 was promoted over v1, 1.000 on frozen (n = 60)."
    assert told[1].startswith("Curriculum v2 teaches ")
    assert told[2].startswith("People gave 10 labels and found ")
