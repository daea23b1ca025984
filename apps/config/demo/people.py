"""Makes the simulation's people and their tokens: JSON {username: is staff} in, {username: token} out.

Run in a process of its own, beside the database that `DATABASE_URL` names; all else goes through the HTTP API.
"""

from __future__ import annotations

import json
import sys

import django
from django.utils import timezone


def sign_up(people: dict[str, bool]) -> dict[str, str]:
    """Each person's token."""
    from apps.accounts.models import User
    from apps.accounts.services import create_token

    tokens = {}
    for name, is_staff in people.items():
        user = User.objects.create_user(name, f"{name}@example.org", is_staff=is_staff)
        _, tokens[name] = create_token(user=user, name="simulation", at=timezone.now(), days=1)
    return tokens


if __name__ == "__main__":
    django.setup()
    json.dump(sign_up(json.load(sys.stdin)), sys.stdout)
