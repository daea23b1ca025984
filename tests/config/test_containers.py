"""The form of docker-compose.yml and the Dockerfile (there is no engine where these tests run)."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from apps.config.supervisor.parts import ROOT


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])


def test_every_part_is_there_with_a_health_check(services: dict[str, Any]) -> None:
    lasting = {"postgres", "valkey", "web", "worker", "trainer", "beat"}

    assert set(services) == lasting | {"migrate"}
    assert all("healthcheck" in services[name] for name in lasting)


def test_parts_that_use_the_database_wait_for_the_migrations(services: dict[str, Any]) -> None:
    for name in ("web", "worker", "trainer", "beat"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()

    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        uses = re.findall(rf"\$\{{{name}(.*?)[ }}]", text)
        assert uses
        assert all(use.startswith(":?") for use in uses)


def test_every_lane_has_a_worker(services: dict[str, Any]) -> None:
    commands = [services[name]["command"] for name in ("worker", "trainer")]

    lanes = [command[command.index("-Q") + 1] for command in commands]

    assert sorted(",".join(lanes).split(",")) == ["default", "mining", "training"]


def test_the_web_image_has_no_torch() -> None:
    web = (ROOT / "requirements" / "web.txt").read_text()
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    image = next(stage for stage in stages if stage.startswith("base AS web"))

    assert "torch==" not in web
    assert "worker.txt" not in web
    assert "requirements/web.txt" in image
    assert "worker.txt" not in image


def test_every_requirement_is_pinned_exactly() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        for line in path.read_text().splitlines():
            if line and line[0] not in "#-":
                assert re.fullmatch(r"[\w.-]+(\[[\w,]+\])?==[\w.]+", line), f"{path.name}: {line}"
