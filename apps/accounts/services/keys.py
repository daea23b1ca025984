"""The keys of the desk and its breaks, as one person wants them."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.domain import BREAKS, KEYS, clashing
from apps.accounts.models import User
from apps.core.errors import BadInput


@transaction.atomic
def choose_keys(*, person: User, single_keys: bool, keys: dict[str, str]) -> User:
    """Give actions, named by their own keys, other ones; what is not named has its own. Or switch them all off."""
    chosen = {own: _checked(own, key) for own, key in keys.items()}
    if pair := clashing(chosen):
        first, second = (f"“{KEYS[own]}”" for own in pair)
        key = chosen.get(pair[0], pair[0])
        raise BadInput(
            f"{first} and {second} would share the key {key}. Give one of them another.", field=pair[1]
        )
    person.single_keys = single_keys
    person.keys = {own: key for own, key in chosen.items() if key != own}
    person.save(update_fields=["single_keys", "keys"])
    return person


@transaction.atomic
def choose_break(*, person: User, minutes: int) -> User:
    """After how much work a break is offered at the desk; 0 for never."""
    if minutes not in BREAKS:
        known = ", ".join(str(one) for one in BREAKS)
        raise BadInput(
            f"A break cannot be offered after {minutes} minutes; choose one of {known}.", field="minutes"
        )
    person.break_minutes = minutes
    person.save(update_fields=["break_minutes"])
    return person


def _checked(own: str, key: str) -> str:
    if own not in KEYS:
        raise BadInput(f"No action has the key {own[:10]!r}; choose of {' '.join(KEYS)}.", field="keys")
    key = key.strip().lower()
    if len(key) != 1 or not key.isprintable() or key.isdigit():
        raise BadInput(
            f"“{KEYS[own]}” takes one character, and no digit: digits choose options. You gave {key[:10]!r}.",
            field=own,
        )
    return key
