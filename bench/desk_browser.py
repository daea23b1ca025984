"""The desk in a real browser: how heavy it is, how soon keys act, key → choice painted, Enter → next card painted.

Method. One run starts the product as `make run` does, seeded with the demo, on a throw-away folder, and one Chromium
on the same machine, signed in as an expert of the demo. Times are taken inside the page.

*Weight*: every script and sheet that the desk asks for, as it is and as the container serves it (whitenoise's own
gzip); and what is asked for only when a protocol or a person wants it.

*Keys act*: from the first paint to a question being current, in a browser that has nothing cached, with `--latency`
(40 ms) on every request as the browser emulates it; each time with and without the links that name all modules at
once, in turn, the page's own text being changed on its way for the latter.

*Keys*: each card is answered by keys alone, with a pause before each as short as an expert's shortest (`--pause`,
0.4 s); from the time stamp of the key event to the first task after the animation frame that shows the change, by when
it has been painted. The floor is the same keys on an empty page whose only script checks a radio button: what the
browser and this machine take for any page. Beside it what a key costs the page's own thread, as Chromium counts it
over keys that only choose. Layout shifts are those that the browser reports, with the elements that moved; those
within half a second of a key press are listed too, which the browser's own sum leaves out. One unmeasured card comes
first. `--tasks` fills the queue with copies of the demo's own open tasks before all that.

    .venv/bin/python -m bench.desk_browser --cards 60 --tasks 100000
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT / "bench")]

from whitenoise.compress import Compressor  # noqa: E402

from apps.config.browser import find_browser  # noqa: E402
from apps.config.demo.project import PASSWORD, SLUG  # noqa: E402
from tests.live.stack import Stack, running_stack  # noqa: E402

WIDE: Any = {"width": 1440, "height": 900}
LATER = "js/questions/*.js", "vendor/jsdiff/*.js", "js/palette.js", "vendor/ufuzzy/*.mjs"
"""What the desk asks for when a protocol has such questions, or somebody opens the palette."""

WATCH = """
window.taken = {cards: [], keys: [], shifts: [], ready: []};
let pressed = {};
addEventListener("keydown", (event) => (pressed = {key: event.key, at: event.timeStamp}), true);
const afterPaint = (then) => requestAnimationFrame(() => setTimeout(then));
const painted = (list, from) => afterPaint(() => list.push(performance.now() - from));
document.addEventListener("change", () => painted(taken.keys, pressed.at), true);
document.addEventListener("DOMContentLoaded", () => {
  const shown = () => document.querySelector("#card")?.dataset.assignment;
  let last = shown();
  new MutationObserver(() => {
    if (shown() === last) return;
    last = shown();
    if (last && pressed.key === "Enter") painted(taken.cards, pressed.at);
  }).observe(document.body, {childList: true, subtree: true});
  new MutationObserver(() => taken.ready.push(performance.now())).observe(document.body,
    {attributeFilter: ["aria-current"], subtree: true});
});
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) taken.shifts.push({
    value: shift.value, counted: !shift.hadRecentInput,
    moved: shift.sources.map(({node}) => node?.id || node?.className || node?.nodeName || "gone"),
  });
}).observe({type: "layout-shift", buffered: true});
"""
DEMO_TASKS = 200
FILL = """
WITH open AS (
  SELECT task.*, example.key AS was, n
  FROM annotation_task AS task JOIN examples_example AS example ON example.id = example_id
  CROSS JOIN generate_series(1, %s) AS n
  WHERE task.state = 'open' AND task.reason <> 'gold' AND queue_id = (
    SELECT queue.id FROM annotation_queue AS queue JOIN projects_project AS project ON project.id = project_id
    WHERE slug = %s ORDER BY queue.id DESC LIMIT 1)
), copies AS (
  INSERT INTO examples_example (project_id, key, payload_id, split, attributes, licence, created_at, updated_at)
  SELECT project.id, was || '-' || n, payload_id, 'pool', '{}', '', now(), now()
  FROM open JOIN projects_project AS project ON slug = %s RETURNING id, key
)
INSERT INTO annotation_task (queue_id, example_id, payload_id, state, reason, why, signals, stratum,
    inclusion_probability, model_id, prediction, overlap, open_slots, priority, created_at)
SELECT queue_id, copies.id, payload_id, 'open', reason, why, signals, stratum, inclusion_probability, model_id,
    prediction, overlap, overlap, priority, now() FROM open JOIN copies ON copies.key = was || '-' || n
"""
FLOOR = """<!doctype html><title>floor</title><input type="radio" name="a" /><input type="radio" name="a" /><script>
addEventListener("keydown", ({ key }) => document.querySelectorAll("input")[{ 3: 0, 4: 1 }[key]]?.click());
</script>"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
WAIT_NEXT = (
    "was => { const now = document.querySelector('#card')?.dataset.assignment; return now && now !== was; }"
)
PRELOADS = re.compile(r'<link rel="modulepreload"[^>]*>')


def answer(page: Page, *, pause: float) -> None:
    """Answer the card on the desk by keys, and wait for the next."""
    time.sleep(pause)
    was = page.get_attribute("#card", "data-assignment")
    asked = page.locator("#card [name=confidence]").count()
    for key in ["3", "Enter", "4", "Enter", *(["4", "Enter"] if asked else [])]:
        page.keyboard.press(key)
    page.wait_for_function(WAIT_NEXT, arg=was, timeout=15_000)


def percentiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return {"n": len(values), "p50": round(statistics.median(values), 1), "p95": round(cuts[18], 1)}


def compressed(content: bytes) -> int:
    return len(Compressor.compress_gzip(content)) if content else 0


def weight(page: Page, url: str) -> dict[str, Any]:
    """Bytes of each script and sheet, [as it is, compressed], and their sums."""
    bodies: dict[str, bytes] = {}

    def note(response: Any) -> None:
        name = response.url.split("?")[0].removeprefix(url).removeprefix("static/")
        if name.endswith((".js", ".mjs", ".css")):
            bodies[name] = response.body()

    page.on("response", note)
    page.goto(f"{url}p/{SLUG}/desk/")
    page.wait_for_selector(".question[aria-current]")
    page.wait_for_load_state("networkidle")
    page.remove_listener("response", note)
    later = {
        str(path.relative_to(ROOT / "static")): path.read_bytes()
        for pattern in LATER
        for path in sorted((ROOT / "static").glob(pattern))
    }
    return {"at once": _table(bodies), "later": _table({k: v for k, v in later.items() if k not in bodies})}


def _table(bodies: dict[str, bytes]) -> dict[str, Any]:
    rows = {name: [len(body), compressed(body)] for name, body in sorted(bodies.items())}
    return {**rows, "sum": [sum(row[0] for row in rows.values()), sum(row[1] for row in rows.values())]}


def keys_act(browser: Browser, url: str, state: Any, *, times: int, latency: float) -> dict[str, Any]:
    """First paint and the moment from which keys act, with and without the links to all modules."""
    found: dict[str, list[tuple[float, float]]] = {"with links": [], "without": []}
    for _ in range(times):
        for how, ones in found.items():
            context = browser.new_context(viewport=WIDE, storage_state=state)
            context.add_init_script(WATCH)
            ones.append(_opened(context, url, links=how == "with links", latency=latency))
            context.close()
    return {
        how: {
            "first_paint_ms": percentiles([paint for paint, _ in ones]),
            "paint_to_keys_ms": percentiles([max(0.0, acts - paint) for paint, acts in ones]),
            "keys_act_ms": percentiles([acts for _, acts in ones]),
        }
        for how, ones in found.items()
    }


def _opened(context: BrowserContext, url: str, *, links: bool, latency: float) -> tuple[float, float]:
    def answer_with(route: Route) -> None:
        response = route.fetch()
        text = response.text()
        route.fulfill(response=response, body=text if links else PRELOADS.sub("", text))

    page = context.new_page()
    page.route(
        "**/desk/", lambda route: answer_with(route) if route.request.method == "GET" else route.fallback()
    )
    network = {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1}
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", network)
    page.goto(f"{url}p/{SLUG}/desk/")
    page.wait_for_selector(".question[aria-current]")
    page.wait_for_function(FIRST_PAINT)
    return page.evaluate(FIRST_PAINT), page.evaluate("taken.ready[0]")


def floor(browser: Browser, *, cards: int, pause: float) -> dict[str, float]:
    """The same keys on a page that has nothing to do."""
    page = browser.new_page(viewport=WIDE)
    page.add_init_script(WATCH)
    page.goto("about:blank")
    page.set_content(FLOOR)
    page.evaluate(WATCH)
    for _ in range(cards):
        time.sleep(pause)
        for key in ["3", "Enter", "4", "Enter"]:
            page.keyboard.press(key)
    time.sleep(0.3)
    taken: list[float] = page.evaluate("taken.keys")
    page.close()
    return percentiles(taken)


def cost_of_a_key(page: Page, *, keys: int = 40) -> dict[str, float]:
    """Milliseconds of the page's own thread for a key that chooses: style, layout, scripts."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def spent() -> dict[str, float]:
        return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}

    before = spent()
    for n in range(keys):
        page.keyboard.press("34"[n % 2])
        time.sleep(0.07)
    after = spent()
    named = {"style": "RecalcStyleDuration", "layout": "LayoutDuration", "script": "ScriptDuration"}
    return {name: round((after[key] - before[key]) * 1000 / keys, 2) for name, key in named.items()}


def measure(page: Page, url: str, *, cards: int, pause: float) -> dict[str, Any]:
    page.goto(f"{url}p/{SLUG}/desk/")
    page.wait_for_selector("#card[data-assignment]")
    answer(page, pause=1)
    page.evaluate("taken.cards.length = taken.keys.length = 0")
    for _ in range(cards):
        answer(page, pause=pause)
    time.sleep(0.5)
    taken = page.evaluate("taken")
    return {
        "enter_to_next_card_ms": percentiles(taken["cards"]),
        "key_to_choice_ms": percentiles(taken["keys"]),
        "cost_of_a_key_ms": cost_of_a_key(page),
        "layout_shift": round(sum(shift["value"] for shift in taken["shifts"] if shift["counted"]), 4),
        "shifts": [shift for shift in taken["shifts"] if shift["value"] > 0.0005][:20],
    }


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}accounts/login/")
    page.fill("#id_login", "erin")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/accounts/login" not in address)


def fill(stack: Stack, tasks: int) -> None:
    stack.execute(FILL, tasks // DEMO_TASKS, SLUG, SLUG)
    stack.execute("ANALYZE")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cards", type=int, default=60)
    parser.add_argument("--tasks", type=int, default=0, help="how many open tasks to add")
    parser.add_argument("--pause", type=float, default=0.4)
    parser.add_argument("--openings", type=int, default=15)
    parser.add_argument("--latency", type=float, default=40)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with running_stack(folder / "data", folder / "log", seed=True, WHETSTONE_DEMO="1") as stack:
            if told.tasks:
                fill(stack, told.tasks)
            browser = playwright.chromium.launch(
                executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport=WIDE)
            page.add_init_script(WATCH)
            sign_in(page, stack.url)
            found = {"weight": weight(page, stack.url)}
            found |= measure(page, stack.url, cards=told.cards, pause=told.pause)
            found["floor_key_ms"] = floor(browser, cards=told.cards, pause=told.pause)
            state = page.context.storage_state()
            found["opening"] = keys_act(browser, stack.url, state, times=told.openings, latency=told.latency)
            browser.close()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
