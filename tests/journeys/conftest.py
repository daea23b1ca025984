"""One seeded stack and one Chromium for all journeys; screenshots go to test-results/."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from apps.config.browser import find_browser
from apps.config.demo.project import PASSWORD
from tests.live.stack import Stack, running_stack

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SHOTS = Path("test-results")
GOING = 500  # milliseconds
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="package")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product with its demo, as `make run` gives it to a newcomer."""
    folder = tmp_path_factory.mktemp("journeys")
    with running_stack(folder / "data", folder / "stack.log", seed=True, WHETSTONE_DEMO="1") as stack:
        yield stack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Another one, whose parts the tests of the desk break and whose rows they change."""
    folder = tmp_path_factory.mktemp("keeps")
    with running_stack(folder / "data", folder / "log", seed=True, WHETSTONE_DEMO="1") as stack:
        yield stack


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = find_browser()
    assert path, "There is no Chromium. `make test` installs one; or set CHROMIUM to its path."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Person:
    """Somebody at a browser of their own, signed in with the keyboard alone."""

    def __init__(
        self, browser: Browser, stack: Stack, name: str, *, scheme: str = "light", narrow: bool = False
    ):
        self.name, self.stack = name, stack
        self.context = browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]  # light or dark
            viewport=NARROW if narrow else WIDE,  # type: ignore[arg-type]
            has_touch=narrow,
        )
        self.page: Page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.mode = f"{scheme}-{'narrow' if narrow else 'wide'}"

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error":
            self.troubles.append(text)

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.stack.url + path.lstrip("/"))
        assert answer is not None
        assert answer.status == 200, f"{path} answered {answer.status}"
        return self.page

    def sign_in(self) -> Page:
        page = self.open("accounts/login/")
        page.get_by_label(re.compile("username", re.I)).first.focus()
        page.keyboard.type(self.name)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        return page

    def leave(self) -> None:
        """Close the browser; what its pages send as they go has arrived, or it would come amidst the next test."""
        for page in self.context.pages:
            with contextlib.suppress(Error):  # a tab that crashed sends nothing
                sends = "/desk/" in page.url
                page.goto("about:blank")
                page.wait_for_timeout(GOING if sends else 0)
        self.context.close()

    def shoot(self, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}-{self.mode}.png", full_page=True)


@pytest.fixture
def person(chromium: Browser, seeded: Stack) -> Iterator[Callable[..., Person]]:
    people: list[Person] = []

    def arrive(name: str, **how: object) -> Person:
        people.append(Person(chromium, seeded, name, **how))  # type: ignore[arg-type]
        people[-1].sign_in()
        return people[-1]

    yield arrive
    for somebody in people:
        somebody.leave()
