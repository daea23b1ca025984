"""The bulk page in a browser: how long 100 tiles take to be painted, and 100 selected ones to be labelled.

Method. A stack of its own with 220 texts and one expert; Chromium on the same machine. Times are from just before the
page's own script is called (a response that holds 100 tiles has arrived; a key is pressed) to the end of the frame
after it, in the page's own clock. Each is done `--rounds` times, labelling on the same tiles with another label.

    python -m bench.bulk_browser
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from apps.config.browser import find_browser
from apps.config.demo.project import PASSWORD
from tests.live.stack import running_stack

KEY = """key => new Promise(resolve => {
  const began = performance.now();
  const how = { key, ctrlKey: key === "a", bubbles: true, cancelable: true };
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", how));
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
})"""
WATCH = """() => {
  const fetched = window.fetch;
  window.fetch = async (...asked) => {
    const response = await fetched(...asked);
    if (!String(asked[0]).includes("bulk/take/")) return response;
    const text = await response.text();
    window.began = performance.now();
    new MutationObserver((_, observer) => {
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => (window.painted = performance.now() - window.began)));
    }).observe(document.getElementById("grid"), { childList: true });
    return new Response(text, response);
  };
}"""


def take(page: Page, url: str) -> float:
    page.goto(url)
    page.locator("#size").select_option("100")
    page.evaluate(WATCH)
    page.locator("#take").click()
    page.wait_for_function("() => window.painted && document.querySelectorAll('.tile').length === 100")
    took: float = page.evaluate("window.painted")
    return took


def measure(page: Page, url: str, rounds: int) -> dict[str, Any]:
    found: dict[str, list[float]] = {"paint 100 tiles": [], "select 100": [], "label 100": []}
    for turn in range(rounds):
        found["paint 100 tiles"].append(take(page, url))
        page.wait_for_timeout(300)
        found["select 100"].append(page.evaluate(KEY, "a"))
        found["label 100"].append(page.evaluate(KEY, "358"[turn % 3]))
        page.evaluate("document.getElementById('undo').click()")
        page.wait_for_timeout(300)
    return {
        name: {"median": round(statistics.median(times), 1), "worst": round(max(times), 1)}
        for name, times in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the bulk page in a browser.")
    parser.add_argument("--rounds", type=int, default=9)
    told = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings")  # for what runs beside the stack
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with running_stack(folder / "data", folder / "log") as stack:
            project = {"slug": "bulk", "experts": 1, "tasks": 220, "overlap": 1, "lease_seconds": 600}
            stack.program("tests.live.desk", {**project, "password": PASSWORD})
            browser = playwright.chromium.launch(
                executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{stack.url}accounts/login/")
            page.fill("input[name=login]", "bulk-0")
            page.fill("input[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: "/accounts/login" not in url)
            print(json.dumps(measure(page, f"{stack.url}p/bulk/desk/bulk/", told.rounds), indent=2))
            browser.close()


if __name__ == "__main__":
    main()
