"""A page's script comes with links to all that it imports, so that they are fetched at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apps.core.templatetags.modules import imported, module

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def scripts(tmp_path, settings):
    """Writes scripts by name where static files are looked for."""
    settings.STATICFILES_DIRS = [tmp_path]
    (tmp_path / "js" / "parts").mkdir(parents=True)
    return lambda **texts: [(tmp_path / "js" / f"{name}.js").write_text(text) for name, text in texts.items()]


def test_what_a_script_imports_is_found_through_any_number_of_steps_and_round_in_circles(scripts, tmp_path):
    scripts(
        page='import "./one.js";\nimport { a,\n  b } from "./parts/two.js";\nimport("./later.js");',
        one='export { c } from "./three.js";',
        three='import "./page.js";\n// import "./never.js"',
    )
    (tmp_path / "js" / "parts" / "two.js").write_text('import { c } from "../three.js";')
    assert sorted(imported("js/page.js")) == ["js/one.js", "js/parts/two.js", "js/three.js"]


def test_a_script_that_is_not_there_is_an_error_that_names_it(scripts):
    scripts(page='import "./gone.js";')
    with pytest.raises(LookupError, match=r"no script 'js/gone\.js', which 'js/page\.js' needs"):
        imported("js/page.js")


def test_the_desk_names_every_module_before_its_script():
    told = module("js/desk.js")
    assert told.endswith('<script src="/static/js/desk.js" type="module"></script>')
    assert '<link rel="modulepreload" href="/static/js/turns.js" />' in told
    assert '<link rel="modulepreload" href="/static/js/outbox.js" />' in told, "a step further"
    assert "questions/spans.js" not in told, "loaded where a protocol asks for spans"


def test_no_page_has_a_module_that_is_not_announced():
    pages = [path for path in (ROOT / "templates").rglob("*.html") if 'type="module"' in path.read_text()]
    assert pages == []
    named = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r"{% module '([^']+)' %}", path.read_text())
    }
    assert len(named) >= 10
    for name in named:
        imported(name)
