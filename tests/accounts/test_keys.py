"""Keys of the desk as a person wants them: WCAG 2.1.4."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from apps.accounts.domain import KEYS
from apps.accounts.models import User
from apps.accounts.services.keys import choose_keys
from apps.config.supervisor.parts import ROOT
from apps.core.errors import BadInput

pytestmark = pytest.mark.django_db
PAGE = "/you/keys/"


@pytest.fixture
def erin(client: Any, person: Any) -> User:
    somebody = person("erin")
    client.force_login(somebody)
    return somebody  # type: ignore[no-any-return]


def filled(**changed: str) -> dict[str, str]:
    """The form with every action's own key, but for those named by what they do."""
    fields = {
        f"key{place}": changed.get(does.split()[0].strip(":,"), own)
        for place, (own, does) in enumerate(KEYS.items())
    }
    return {**fields, "single_keys": "on"}


def root(client: Any) -> str:
    found = re.search(r"<html[^>]*>", client.get("/").content.decode())
    assert found
    return html.unescape(found[0])


def test_every_single_key_of_the_registries_can_be_changed() -> None:
    source = "".join(file.read_text() for file in (ROOT / "static" / "js").glob("*.js"))
    named = re.findall(r"\{ keys: \[((?:\"[^\"]+\"(?:, )?)+)\]", source)
    keys = {key for names in named for key in json.loads(f"[{names}]")}
    assert {key for key in keys if len(key) == 1 and not key.isdigit()} == set(KEYS), (
        "Add the key to KEYS in apps/accounts/domain.py, or take it out."
    )


def test_a_changed_key_reaches_every_page(client: Any, erin: User) -> None:
    assert "data-key" not in root(client)
    assert client.post(f"{PAGE}save/", filled(Skip="K")).url == PAGE
    assert root(client) == """<html lang="en" data-keymap="{"s": "k"}">"""
    assert 'value="k"' in client.get(PAGE).content.decode()


def test_single_keys_can_be_switched_off(client: Any, erin: User) -> None:
    form = filled()
    del form["single_keys"]
    client.post(f"{PAGE}save/", form)
    assert 'data-keys="off"' in root(client)


def test_two_actions_may_swap_their_keys(erin: User) -> None:
    choose_keys(person=erin, single_keys=True, keys={"s": "x", "x": "s"})
    erin.refresh_from_db()
    assert erin.keys == {"s": "x", "x": "s"}


def test_two_actions_never_share_a_key(client: Any, erin: User) -> None:
    answer = client.post(f"{PAGE}save/", filled(Skip="c"))
    assert answer.status_code == 422
    said = html.unescape(answer.content.decode())
    assert "“Comment, or note” and “Skip: not for me” would share the key c." in said
    erin.refresh_from_db()
    assert erin.keys == {}


@pytest.mark.parametrize("key", ["1", "", "kk", " ", "\n", "²"])
def test_what_is_no_key_is_refused(erin: User, key: str) -> None:
    with pytest.raises(BadInput, match="takes one character"):
        choose_keys(person=erin, single_keys=True, keys={"s": key})


def test_an_unknown_action_is_refused(erin: User) -> None:
    with pytest.raises(BadInput, match="No action has the key"):
        choose_keys(person=erin, single_keys=True, keys={"q": "k"})


def test_a_program_reads_and_writes_ones_keys(client: Any, erin: User) -> None:
    told = {"single_keys": False, "keys": {"g": "h"}}
    put = client.put("/api/v1/keys/", told, content_type="application/json")
    assert (put.status_code, put.json()) == (200, told)
    assert client.get("/api/v1/keys/").json() == told
    wrong = client.put(
        "/api/v1/keys/", {"single_keys": True, "keys": {"g": "s"}}, content_type="application/json"
    )
    assert wrong.status_code == 422
    assert client.get("/api/v1/keys/").json() == told
