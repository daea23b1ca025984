"""Every page, in light and dark, wide and narrow: it answers, fits, says no error, and axe finds nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.live, pytest.mark.browser]

AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text()
FIND = """async () => {
  const found = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']});
  return found.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(' | '));
}"""
PAGES = {
    "erin": [
        "",
        "desk/",
        "desk/bulk/",
        "my-work/",
        "data/",
        "mining/",
        "datasets/",
        "proposals/",
        "runs/",
        "models/",
        "jobs/",
    ],
    "lena": [
        "",
        "adjudication/",
        "data/",
        "data/digit-0001/",
        "comments/digit-0001/",
        "imports/",
        "imports/1/",
        "exports/",
        "exports/?what=annotations",
        "mining/",
        "mining/1/",
        "mining/queues/1/",
        "datasets/",
        "datasets/1/",
        "proposals/",
        "proposals/1/",
        "runs/",
        "runs/1/",
        "models/",
        "models/1/",
        "benchmarks/",
        "gold/",
        "members/",
        "protocol/",
        "protocol/1/",
        "protocol/edit/",
        "webhooks/",
    ],
    "ada": ["", "calibration/", "members/", "gold/", "audit/", "jobs/", "protocol/"],
}
OF_WRITING = {
    "erin": ["desk/", "data/"],
    "lena": ["adjudication/", "protocol/", "protocol/edit/"],
    "ada": ["calibration/"],
}
MODES: list[dict[str, Any]] = [{"scheme": "light"}, {"scheme": "dark", "narrow": True}]


@pytest.mark.parametrize("mode", MODES, ids=["light-wide", "dark-narrow"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_answers_fits_and_is_accessible(person, name, mode):
    somebody = person(name, **mode)
    wrong = []
    for path in [f"digits/{path}" for path in PAGES[name]] + [f"writing/{path}" for path in OF_WRITING[name]]:
        page = somebody.open(f"p/{path}")
        page.wait_for_load_state("networkidle")
        somebody.shoot(f"page-{name}-{path.strip('/').replace('/', '-')}")
        wrong += [f"{path}: {trouble}" for trouble in somebody.troubles]
        page.evaluate(AXE)
        wrong += [f"{path}: {finding}" for finding in page.evaluate(FIND)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wrong += [f"{path}: {wide} px wider than the window"] * (wide > 0)
        page.goto("about:blank")  # so that what axe made the console say comes in before it is forgotten:
        somebody.troubles.clear()  # it tries inline styles, which our policy refuses
    assert not wrong, "\n".join(wrong)
