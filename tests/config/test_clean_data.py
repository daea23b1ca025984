"""`make clean-data`: deletes what is of one installation, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from apps.config.supervisor.parts import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile, the default installation's data and models, and another's."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("models_store/README.md", "models_store/models/ab/weights", "var/secret_key",
                 "other/secret_key", "other/models_store/models/cd/weights"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def clean_data(checkout: Path, *variables: str, answer: str = "yes") -> str:
    command = ["make", "clean-data", *variables]
    environ = {"PATH": os.environ["PATH"]}  # not the variables of the `make test` around this
    done = subprocess.run(
        command, cwd=checkout, env=environ, input=f"{answer}\n", capture_output=True, text=True, check=True
    )
    return done.stdout


def files(checkout: Path) -> set[str]:
    return {str(path.relative_to(checkout)) for path in checkout.rglob("*") if path.is_file()} - {"Makefile"}


def test_another_installation_takes_no_models_of_the_default_one_with_it(checkout: Path) -> None:
    said = clean_data(checkout, f"DATA={checkout / 'other'}")

    assert "models_store" not in said
    assert files(checkout) == {"models_store/README.md", "models_store/models/ab/weights", "var/secret_key"}


@pytest.mark.parametrize("data", ["var", "./var/"])
def test_the_default_installation_goes_with_its_models_and_leaves_what_git_keeps(
    checkout: Path, data: str
) -> None:
    said = clean_data(checkout, f"DATA={data}")

    assert "and models_store? Type yes" in said
    assert files(checkout) == {
        "models_store/README.md", "other/secret_key", "other/models_store/models/cd/weights"
    }  # fmt: skip


def test_nothing_goes_without_a_yes(checkout: Path) -> None:
    before = files(checkout)

    assert "Nothing was deleted." in clean_data(checkout, answer="y")
    assert files(checkout) == before
