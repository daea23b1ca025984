"""What one is told, over HTTP."""

from __future__ import annotations

from typing import Any

from apps.accounts.services.notices import notify


def tell(house: Any, *names: str, about: str = "thing:1") -> None:
    people = [house.people[name].pk for name in names]
    values = {"kind": "gate", "project_id": house.project.pk, "title": "Decide.", "url": "/p/digits/"}
    notify(people=people, about=about, at=house.clock, **values)


def test_ones_own_are_listed_newest_first_and_marked_read(house: Any, call: Any) -> None:
    tell(house, "lena", "luis")
    tell(house, "lena", about="thing:2")
    lena, luis = call(house.lena), call(house.luis)
    newest, older = lena.get("notifications/")["results"]
    assert newest["id"] > older["id"]
    assert (newest["kind"], newest["title"], newest["url"]) == ("gate", "Decide.", "/p/digits/")

    assert lena.post(f"notifications/{newest['id']}/read/")["read_at"]
    assert [row["id"] for row in lena.get("notifications/", unread="true")["results"]] == [older["id"]]
    assert lena.post("notifications/read-all/") == {"read": 1}
    assert lena.get("notifications/", unread="true")["results"] == []
    assert len(luis.get("notifications/", unread="true")["results"]) == 1
    luis.refused("post", f"notifications/{newest['id']}/read/", status=404, code="not_found")


def test_pages_go_by_what_is_newest(house: Any, call: Any) -> None:
    for place in range(5):
        tell(house, "lena", about=f"thing:{place}")
    tell(house, "lena", about="thing:0")  # made new
    lena = call(house.lena)
    first = lena.get("notifications/", page_size=3)
    rest = lena.client.get(first["next"]).json()
    ids = [row["id"] for row in first["results"] + rest["results"]]
    assert len(set(ids)) == 5
    assert ids[0] == min(ids)


def test_settings_change_what_they_name(house: Any, call: Any) -> None:
    lena = call(house.lena)
    before = lena.get("notifications/settings/")["kinds"]
    choice = {"in_app": False, "mail": "daily"}
    after = lena.put("notifications/settings/", {"kinds": {"gate": choice}})["kinds"]
    assert after == {**before, "gate": choice}
    assert lena.get("notifications/settings/")["kinds"] == after
    error = lena.refused(
        "put", "notifications/settings/", {"kinds": {"gossip": choice}}, status=422, code="bad_input"
    )
    assert "gossip" in error["message"]
    lena.refused(
        "put", "notifications/settings/", {"kinds": {"gate": {"in_app": 7}}}, status=422, code="bad_input"
    )
    lena.refused("get", "notifications/?unread=maybe", status=422, code="bad_input")
