"""The schema is whole, and its page works under our content policy."""

from __future__ import annotations

import json
from typing import Any

from django.core.management import call_command
from django.urls import URLPattern

from apps.config.api_urls import urlpatterns


def test_the_schema_is_valid_and_without_warnings(tmp_path: Any) -> None:
    target = tmp_path / "schema.json"
    options = {"validate": True, "fail_on_warn": True, "format": "openapi-json", "file": str(target)}
    call_command("spectacular", **options)
    assert json.loads(target.read_text())["info"]["title"] == "Whetstone API"


def test_every_address_is_in_the_schema(client: Any) -> None:
    paths = client.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()["paths"]
    own = {"/api/v1/schema/", "/api/v1/docs/"}
    missing = {plain(pattern) for pattern in urlpatterns} - set(paths) - own
    assert missing == set()


def plain(pattern: URLPattern) -> str:
    """The pattern's address as OpenAPI writes it; the schema's own two pages are not in it."""
    route = str(pattern.pattern)
    for kind in ("slug", "int", "str"):
        route = route.replace(f"<{kind}:", "{")
    return f"/api/v1/{route.replace('>', '}')}"


def test_the_page_has_no_inline_script_or_style(client: Any) -> None:
    page = client.get("/api/v1/docs/")
    html = page.content.decode()
    assert page.status_code == 200
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]
    assert "<style" not in html
    assert all("src=" in tag for tag in html.split("<script")[1:])
    assert '<a href="/">' in html, "there is a way back to the product"
    script = client.get("/api/v1/docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert "/api/v1/schema/" in script.content.decode()
