"""The desk in a real browser: Enter → next card painted, key → choice painted, and what shifts on the page.

Method. One run starts the product as `make run` does, seeded with the demo, on a throw-away folder, and one Chromium
on the same machine, signed in as an expert of the demo. Each card is answered by keys alone, with a pause before
each card as short as an expert's shortest (`--pause`, 0.4 s). Times are taken inside the page: from the time stamp of
the key event to the first task after the animation frame that shows the change, by when it has been painted. Layout
shifts are those that the browser reports, with the elements that moved; those within half a second of a
key press are listed too, which the browser's own sum leaves out. One unmeasured card comes first.

    .venv/bin/python -m bench.desk_browser --cards 60
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT / "bench")]

from apps.config.browser import find_browser  # noqa: E402
from apps.config.demo.project import PASSWORD, SLUG  # noqa: E402
from tests.live.stack import running_stack  # noqa: E402

WATCH = """
window.taken = {cards: [], keys: [], shifts: []};
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
});
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) taken.shifts.push({
    value: shift.value, counted: !shift.hadRecentInput,
    moved: shift.sources.map(({node}) => node?.id || node?.className || node?.nodeName || "gone"),
  });
}).observe({type: "layout-shift", buffered: true});
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


def measure(page: Page, url: str, *, cards: int, pause: float) -> dict[str, Any]:
    page.goto(f"{url}accounts/login/")
    page.fill("#id_login", "erin")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/accounts/login" not in address)
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
        "layout_shift": round(sum(shift["value"] for shift in taken["shifts"] if shift["counted"]), 4),
        "shifts": [shift for shift in taken["shifts"] if shift["value"] > 0.0005][:20],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cards", type=int, default=60)
    parser.add_argument("--pause", type=float, default=0.4)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with running_stack(folder / "data", folder / "log", seed=True, WHETSTONE_DEMO="1") as stack:
            browser = playwright.chromium.launch(
                executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(WATCH)
            found = measure(page, stack.url, cards=told.cards, pause=told.pause)
            browser.close()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
