"""Finds a Chromium for the browser tests, or installs one: `python -m apps.config.browser`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find_browser(environ: Mapping[str, str] = os.environ) -> str | None:
    """The executable to drive: $CHROMIUM, one in PATH, a Mac application, Playwright's own; or None."""
    if named := environ.get("CHROMIUM"):
        return named if Path(named).is_file() else None
    in_path = next((found for name in NAMES if (found := shutil.which(name, path=environ.get("PATH")))), None)
    return in_path or next((app for app in MAC_APPS if Path(app).is_file()), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def install_browser() -> None:
    """Debian's through apt when root, which brings its libraries; else Playwright's own."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=False, env=environ)
        arguments = ["install", "-y", "-q", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
        if subprocess.run(["apt-get", *arguments], check=False, env=environ).returncode == 0:
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    if named := os.environ.get("CHROMIUM"):
        if not Path(named).is_file():
            print(
                f"CHROMIUM names {named}, which does not exist.\n  Mend: correct or unset it.",
                file=sys.stderr,
            )
            return 2
    elif find_browser() is None:
        print("No Chromium or Chrome found; installing one for the browser tests.")
        install_browser()
    found = find_browser()
    if found is None:
        print(
            "No browser could be installed.\n  Mend: install Chromium, or name one in CHROMIUM.",
            file=sys.stderr,
        )
        return 2
    print(f"Browser: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
