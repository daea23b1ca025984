"""Jobs outlive their workers and their messages."""

from __future__ import annotations

import json
from typing import Any

import psutil
import pytest

from apps.config.demo import digits, project
from apps.config.demo.caller import Caller

from .stack import Stack, until

NOTES = """
CREATE TABLE epoch_noted (id bigserial PRIMARY KEY, run bigint, attempt int, phase text, done int);
CREATE FUNCTION note_epoch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO epoch_noted (run, attempt, phase, done)
    VALUES (NEW.id, NEW.attempts, NEW.curve->-1->>'phase', (NEW.curve->-1->>'done')::int);
  RETURN NULL;
END $$;
CREATE TRIGGER note_epoch AFTER UPDATE OF curve ON training_trainingrun FOR EACH ROW
  WHEN (NEW.curve IS DISTINCT FROM OLD.curve) EXECUTE FUNCTION note_epoch();
"""
TOTAL = """
SELECT max((epoch->>'total')::int) FROM training_trainingrun, jsonb_array_elements(curve) AS epoch WHERE id = %s
"""
ENDED = """
SELECT (SELECT count(*) FROM core_event WHERE kind = 'trainingrun.done' AND object_id = %s::text),
       (SELECT count(*) FROM registry_modelversion JOIN training_trainingrun AS run USING (project_id)
        WHERE run.id = %s),
       (SELECT count(*) FROM training_gate JOIN training_trainingrun AS run USING (project_id) WHERE run.id = %s)
"""


class Leads:
    """Two leads and an admin who bring a project to the point where its first model is trained."""

    def __init__(self, stack: Stack, slug: str) -> None:
        names = [f"{slug}-lena", f"{slug}-luis", f"{slug}-ada"]
        callers = stack.callers(stack.sign_up(*names[:2], staff=names[2]))
        self.slug, self.home = slug, f"projects/{slug}/"
        self.lead, self.second, self.admin = (callers[name] for name in names)
        self.admin.post("projects/", {"slug": slug, "name": slug})
        for name in names[:2]:
            self.admin.post(f"{self.home}members/", {"username": name, "role": "lead"})
        self.lead.post(f"{self.home}protocols/", project.PROTOCOL)

    def start_import(self, rows: list[dict[str, Any]]) -> str:
        content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        run = self.lead.upload(f"{self.home}imports/", content, kind="application/x-ndjson")
        return f"imports/{run['id']}/"

    def start_training(self) -> int:
        """The id of the run that an approval has queued."""
        self.lead.post(f"{self.home}recipes/", project.RECIPE)
        rows = [row for row in digits.load(seed=1).rows if row["split"] != "pool"]
        self.lead.finished(self.start_import([{**row, "attributes": {}} for row in rows]))
        self.lead.post(f"{self.home}benchmarks/", {"name": "all", "plan": {}})
        snapshot = self.lead.post(f"{self.home}dataset-versions/")
        dataset = self.lead.finished(f"snapshot-runs/{snapshot['id']}/")["dataset"]
        run = self.lead.post(f"{self.home}proposals/", {"dataset": dataset})
        number = self.lead.finished(f"curriculum-runs/{run['id']}/")["proposal"]
        digest = self.second.get(f"proposals/{number}/")["curriculum"]["digest"]
        self.second.post(f"proposals/{number}/approve/", {"digest": digest})
        return int(until(lambda: self._training(self.second), what="a queued training run"))

    def _training(self, lead: Caller) -> int | None:
        runs = lead.get(f"{self.home}training-runs/")["results"]
        return runs[0]["id"] if runs else None


def epochs(stack: Stack, run: int, *, attempt: int) -> list[tuple[str, int]]:
    """The epochs that this attempt told of, in the order of telling."""
    sql = "SELECT phase, done FROM epoch_noted WHERE run = %s AND attempt = %s ORDER BY id"
    return [(phase, done) for phase, done in stack.rows(sql, run, attempt)]


def kill_trainer(stack: Stack, run: int) -> None:
    """kill -9 of the worker, and then of the learner: neither gets to say good-bye or to write a checkpoint."""
    learner = psutil.Process(
        stack.value("SELECT (progress->>'pid')::int FROM training_trainingrun WHERE id = %s", run)
    )
    assert "workers.learner" in learner.cmdline()
    pid = stack.kill("trainer")
    until(
        lambda: not learner.is_running() or learner.status() == psutil.STATUS_ZOMBIE, what="the learner's end"
    )
    stack.until_back("trainer", but=pid)


@pytest.mark.timeout(240)
def test_training_whose_worker_is_killed_goes_on_from_its_checkpoint_and_ends_once(stack: Stack) -> None:
    leads = Leads(stack, "killed")
    stack.execute(NOTES)
    run = leads.start_training()

    until(lambda: len(epochs(stack, run, attempt=1)) >= 5, what="the first epochs")
    kill_trainer(stack, run)
    folds = [("cross_fit", done) for done in range(45, 200)]
    until(lambda: set(folds) & set(epochs(stack, run, attempt=2)), what="the second fold")
    kill_trainer(stack, run)
    done = leads.lead.finished(f"training-runs/{run}/")

    first, second, third = (epochs(stack, run, attempt=number) for number in (1, 2, 3))
    assert done["attempts"] == 3
    # at most the epoch in which the worker died is trained again; what it told last may not have been heard
    assert second[0][0] == "fit"
    assert second[0][1] >= first[-1][1]
    assert third[0][0] == "cross_fit"
    assert third[0][1] >= second[-1][1]
    for told in (first, second, third):
        numbers = [number for phase, number in told if phase != "evaluate"]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[-1] == stack.value(TOTAL, run)
    assert stack.rows(ENDED, run, run, run) == [(1, 1, 1)]


@pytest.mark.timeout(120)
def test_a_run_whose_message_was_lost_is_woken_by_the_sweeper(stack: Stack) -> None:
    leads, broker = Leads(stack, "lost"), stack.broker()

    with stack.frozen("worker"):
        # what the frozen worker had asked for is still handed to it; from then on messages stay with the broker
        until(lambda: broker.llen("default"), what="a message that waits")
        path = leads.start_import([{"key": "only", "payload": {"image": digits_image()}, "split": "pool"}])
        assert any(b"exchange.import" in message for message in broker.lrange("default", 0, -1))
        broker.flushall()
    done = leads.lead.finished(path)

    assert done["rows_created"] == 1
    assert done["attempts"] == 1


def digits_image() -> str:
    image: str = digits.load(seed=1).rows[0]["payload"]["image"]
    return image
