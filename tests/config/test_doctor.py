"""`make doctor`: names what is wrong and how to mend it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from apps.config.supervisor.parts import ROOT

DOCTOR = [sys.executable, "-m", "apps.config.doctor"]


def finding(report: str, subject: str) -> str:
    return next(line for line in report.splitlines() if line.split()[1:2] == [subject])


@pytest.mark.timeout(60)
def test_running_servers_are_well_and_missing_workers_and_migrations_are_named(tmp_path: Path) -> None:
    servers = [sys.executable, "-m", "apps.config.supervisor", "exec", "--throwaway", "--data", str(tmp_path)]

    done = subprocess.run(
        [*servers, "--", *DOCTOR], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip

    assert done.returncode == 1, done.stderr
    for subject in ("packages", "database", "broker", "disk", "store"):
        assert finding(done.stdout, subject).startswith("ok")
    assert finding(done.stdout, "migrations").startswith("problem")
    assert "python manage.py migrate" in done.stdout
    assert "no worker serves the lanes default, mining, training" in finding(done.stdout, "workers")
    assert str(tmp_path / "models_store") in finding(done.stdout, "store")


@pytest.mark.timeout(60)
def test_services_that_do_not_answer_are_named_with_the_mend(tmp_path: Path) -> None:
    closed = {
        "DATABASE_URL": "postgres://whetstone:x@127.0.0.1:9/whetstone",
        "BROKER_URL": "redis://127.0.0.1:9/0",
        "STORE_URL": str(tmp_path / "file" / "store"),
        "SECRET_KEY": "for this test only, for this test only, for this test only",
    }
    (tmp_path / "file").write_text("")

    done = subprocess.run(
        DOCTOR, cwd=ROOT, env={**os.environ, **closed}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    for subject in ("database", "migrations", "broker", "workers", "store"):
        assert finding(done.stdout, subject).startswith("problem")
    assert "Mend: start Whetstone" in done.stdout
    assert "Traceback" not in done.stderr
