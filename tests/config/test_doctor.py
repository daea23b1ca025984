"""`make doctor`: names what is wrong and how to mend it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from apps.config.supervisor.parts import ROOT

DOCTOR = [sys.executable, "-m", "apps.config.doctor"]


def finding(report: str, subject: str) -> str:
    return next(line for line in report.splitlines() if f" {subject} " in line[:24])


@pytest.mark.timeout(60)
def test_running_servers_are_well_and_missing_workers_and_migrations_are_named(tmp_path: Path) -> None:
    servers = [sys.executable, "-m", "apps.config.supervisor", "exec", "--throwaway", "--data", str(tmp_path)]

    done = subprocess.run(
        [*servers, "--", *DOCTOR], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip

    assert done.returncode == 1, done.stderr
    for subject in ("Packages", "Database", "Broker", "Disk", "Store"):
        assert finding(done.stdout, subject).startswith("ok")
    assert finding(done.stdout, "Migrations").startswith("problem")
    assert "python manage.py migrate" in done.stdout
    for lane in ("default", "mining", "training"):
        assert "no worker answers" in finding(done.stdout, f"Lane {lane}")
    assert str(tmp_path / "models_store") in finding(done.stdout, "Store")


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
    for subject in ("Database", "Migrations", "Broker", "Workers", "Store"):
        assert finding(done.stdout, subject).startswith("problem")
    assert "Mend: Start Whetstone" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_checkout_where_nothing_was_installed_says_what_to_do(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)

    done = subprocess.run(["make", "doctor"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert "Nothing is installed yet. Mend: `make run`" in done.stdout
    assert "not found" not in done.stderr


def test_a_checkout_that_never_ran_is_told_so_without_a_traceback(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "apps", tmp_path / "apps", ignore=shutil.ignore_patterns("__pycache__"))
    bare = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG"}}

    done = subprocess.run(DOCTOR, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "Settings      SECRET_KEY is not set. Start the embedded servers with `make run`" in done.stdout
    assert "Traceback" not in done.stderr
