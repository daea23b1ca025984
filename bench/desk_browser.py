"""The desk in a real browser: Enter → next card painted, key → choice painted, what shifts, what the page weighs.

Method. One run starts the product as `make run` does, seeded with the demo, on a throw-away folder, and one Chromium
on the same machine, signed in as an expert of the demo. Each card is answered by keys alone, with a pause before each
card as short as an expert's shortest (`--pause`, 0.4 s). Times are taken inside the page: from the time stamp of the
key event to the first task after the animation frame that shows the change, by when it has been painted. Layout
shifts are those that the browser reports, with the elements that moved; those within half a second of a key press are
listed too, which the browser's own sum leaves out. One unmeasured card comes first. A key after a rest finds an idle
browser; one right after another key waits for the frame which that one caused. The floor is the same keys on an empty
page whose only script checks a radio button and, at Enter, changes a colour: what browser and machine take for any
page. What a key costs the page's own thread is as Chromium counts it, over keys that only choose. `--tasks` fills the
queue with copies of the demo's own open tasks first. The weight is that of every script and style sheet the page
fetched, each compressed with gzip, as a container serves them; `later` is what it fetches when a protocol has such
questions or somebody opens the palette. How soon keys act is the time from the start of the navigation to the first
current question, on an empty cache and a network 40 ms away, the page as it is and without its links to modules, in
turns.

    .venv/bin/python -m bench.desk_browser --cards 60 --tasks 100000
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT / "bench")]

from apps.config.browser import find_browser  # noqa: E402
from apps.config.demo.project import PASSWORD, SLUG  # noqa: E402
from tests.live.stack import Stack, running_stack  # noqa: E402

DEMO_TASKS = 200
LATENCY = 40  # milliseconds, there and back
LATER = "js/questions/*.js", "vendor/jsdiff/*.js", "js/palette.js", "vendor/ufuzzy/*.mjs"
WATCH = """
window.taken = {cards: [], rested: [], following: [], shifts: []};
let pressed = {};
addEventListener("keydown", (event) => (pressed = {key: event.key, at: event.timeStamp}), true);
const afterPaint = (then) => requestAnimationFrame(() => setTimeout(then));
const painted = (list, from) => afterPaint(() => list.push(performance.now() - from));
const among = () => taken[pressed.key === "3" ? "rested" : "following"];
document.addEventListener("change", () => painted(among(), pressed.at), true);
document.addEventListener("DOMContentLoaded", () => {
  const shown = () => document.querySelector("#card")?.dataset.assignment;
  let last = shown();
  new MutationObserver(() => {
    if (shown() === last) return;
    last = shown();
    if (last && pressed.key === "Enter") painted(taken.cards, pressed.at);
  }).observe(document.body, {childList: true, subtree: true});
});
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) taken.shifts.push({
    value: shift.value, counted: !shift.hadRecentInput,
    moved: shift.sources.map(({node}) => node?.id || node?.className || node?.nodeName || "gone"),
  });
}).observe({type: "layout-shift", buffered: true});
"""
FLOOR = """<!doctype html><title>floor</title><style>.turned { background: #eee }</style>
<input type="radio" name="a" /><input type="radio" name="a" /><script>
addEventListener("keydown", ({ key }) => {
  if (key === "Enter") document.body.classList.toggle("turned");
  else document.querySelectorAll("input")[{ 3: 0, 4: 1 }[key]]?.click();
});
</script>"""
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
ACTS = """
new Promise((tell) => {
  const acts = () => document.querySelector(".question[aria-current]");
  const look = () => (acts() ? tell(performance.now()) : setTimeout(look, 1));
  look();
})
"""
WAIT_NEXT = (
    "was => { const now = document.querySelector('#card')?.dataset.assignment; return now && now !== was; }"
)


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


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}accounts/login/")
    page.fill("#id_login", "erin")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/accounts/login" not in address)


def measure(page: Page, url: str, *, cards: int, pause: float) -> dict[str, Any]:
    sign_in(page, url)
    fetched: dict[str, int] = {}
    page.on("response", lambda response: weigh(response, fetched))
    page.goto(f"{url}p/{SLUG}/desk/")
    page.wait_for_selector("#card[data-assignment]")
    answer(page, pause=1)
    page.evaluate("taken.cards.length = taken.rested.length = taken.following.length = 0")
    for _ in range(cards):
        answer(page, pause=pause)
    time.sleep(0.5)
    taken = page.evaluate("taken")
    return {
        "enter_to_next_card_ms": percentiles(taken["cards"]),
        "key_to_choice_ms": key_to_choice(taken),
        "cost_of_a_key_ms": cost_of_a_key(page),
        "layout_shift": round(sum(shift["value"] for shift in taken["shifts"] if shift["counted"]), 4),
        "shifts": [shift for shift in taken["shifts"] if shift["value"] > 0.0005][:20],
        "weight_bytes": {
            "scripts_and_styles": sum(fetched.values()),
            "files": len(fetched),
            "each": dict(sorted(fetched.items(), key=lambda item: -item[1])),
            "later": later(),
        },
    }


def key_to_choice(taken: dict[str, list[float]]) -> dict[str, Any]:
    return {"after_a_rest": percentiles(taken["rested"]), "after_a_key": percentiles(taken["following"])}


def floor(browser: Browser, *, cards: int, pause: float) -> dict[str, Any]:
    """The same keys on a page that has nothing to do."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_content(FLOOR)
    page.evaluate(WATCH)
    for _ in range(cards):
        time.sleep(pause)
        for key in ["3", "Enter", "4", "Enter"]:
            page.keyboard.press(key)
    time.sleep(0.3)
    taken = page.evaluate("taken")
    page.close()
    return key_to_choice(taken)


def cost_of_a_key(page: Page, *, keys: int = 40) -> dict[str, float]:
    """Milliseconds of the page's own thread for a key that chooses."""
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


def weigh(response: Any, fetched: dict[str, int]) -> None:
    if response.request.resource_type in {"script", "stylesheet"}:
        fetched[response.url.rpartition("/static/")[2]] = len(gzip.compress(response.body()))


def later() -> dict[str, int]:
    paths = [path for pattern in LATER for path in sorted((ROOT / "static").glob(pattern))]
    return {str(path.relative_to(ROOT / "static")): len(gzip.compress(path.read_bytes())) for path in paths}


def keys_act(browser: Browser, url: str, *, loads: int) -> dict[str, Any]:
    """Milliseconds from the start of a navigation until keys act: the page as it is, and without its links."""

    def without_links(route: Route) -> None:
        answered = route.fetch()
        bare = re.sub(r'<link rel="modulepreload"[^>]*>', "", answered.text())
        route.fulfill(response=answered, body=bare)

    took: dict[str, list[float]] = {"with_links": [], "without_links": []}
    for name in list(took) * loads:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        sign_in(page, url)
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        network.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1},
        )
        if name == "without_links":
            page.route(f"**/p/{SLUG}/desk/", without_links)
        page.goto(f"{url}p/{SLUG}/desk/", wait_until="commit")
        took[name].append(page.evaluate(ACTS))
        page.close()
    return {name: percentiles(values) for name, values in took.items()}


def fill(stack: Stack, tasks: int) -> None:
    stack.execute(FILL, tasks // DEMO_TASKS, SLUG, SLUG)
    stack.execute("ANALYZE")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cards", type=int, default=60)
    parser.add_argument("--pause", type=float, default=0.4)
    parser.add_argument("--tasks", type=int, default=0, help="how many open tasks to add")
    parser.add_argument(
        "--loads", type=int, default=8, help="how often the page is loaded for how soon keys act"
    )
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with running_stack(folder / "data", folder / "log", seed=True, WHETSTONE_DEMO="1") as stack:
            if told.tasks:
                fill(stack, told.tasks)
            browser = playwright.chromium.launch(
                executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(WATCH)
            found = measure(page, stack.url, cards=told.cards, pause=told.pause)
            page.close()
            found["floor_key_to_choice_ms"] = floor(browser, cards=told.cards, pause=told.pause)
            found["keys_act_ms"] = keys_act(browser, stack.url, loads=told.loads)
            browser.close()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
