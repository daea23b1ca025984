"""Caps, not averages: how long anything may be. What is over is split by its nouns.

A function is as long as its body: signature and docstring say what it does, and are not counted.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.config.supervisor.parts import ROOT

FUNCTION, VIEW, MODULE, TEMPLATE = 30, 15, 400, 150


def tracked(*patterns: str) -> list[Path]:
    """What git keeps of ours: no migrations, which Django writes, and nothing of others."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    files = [ROOT / name for name in names if "/migrations/" not in name and "/vendor/" not in name]
    return [file for file in files if file.exists()]


def lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Name and length of every function in the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def long_functions(files: list[Path], most: int) -> dict[str, int]:
    found = [(file, name, length) for file in files for name, length in functions(file) if length > most]
    return {f"{file.relative_to(ROOT)}:{name}": length for file, name, length in found}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what is ours is known to git")
def test_nothing_is_longer_than_it_may_be() -> None:
    python = tracked("*.py")
    views = [file for file in python if file.name == "views.py" or file.parent.name == "views"]
    scripts = tracked("static/css", "static/js")
    assert len(python) > 300
    assert len(views) >= 9

    long_modules = [str(f.relative_to(ROOT)) for f in [*python, *scripts] if lines(f) > MODULE]
    long_templates = [str(f.relative_to(ROOT)) for f in tracked("templates") if lines(f) > TEMPLATE]

    assert long_functions(python, FUNCTION) == {}
    assert long_functions(views, VIEW) == {}
    assert long_modules == []
    assert long_templates == []


def test_a_function_is_measured_by_its_body(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    signature, words = "def f(\n    a,\n    b,\n):\n", '    """What\n\n    it does."""\n'
    file.write_text(f"{signature}{words}    x = a\n    return (\n        b\n    )\n")
    assert list(functions(file)) == [("f", 4)]
