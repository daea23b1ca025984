"""A session that ends while somebody types costs them no word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from apps.config.demo import project as demo
from apps.config.demo.project import PASSWORD

from .conftest import Person

pytestmark = [pytest.mark.live, pytest.mark.browser]


def test_what_was_typed_is_back_after_signing_in_again(person: Callable[..., Person]) -> None:
    ada = person("ada")
    page = ada.open(f"p/{demo.SLUG}/members/")
    page.get_by_label("Username or e-mail").fill("nora@example.org")
    page.get_by_label("Role", exact=True).select_option("lead")
    ada.context.clear_cookies(name="sessionid")

    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/accounts/login/**")
    page.get_by_label("Username or e-mail").fill("ada")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/p/{demo.SLUG}/members/")

    expect(page.get_by_label("Username or e-mail")).to_have_value("nora@example.org")
    expect(page.get_by_label("Role", exact=True)).to_have_value("lead")
    expect(page.get_by_text("What you typed before is back in its form")).to_be_visible()
    ada.shoot("signed-out-restored")

    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("nora is invited")).to_be_visible()
    page.goto(f"{ada.stack.url}p/{demo.SLUG}/members/")
    expect(page.get_by_label("Username or e-mail")).to_have_value("")
    assert not ada.troubles
