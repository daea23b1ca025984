"""Forms of members."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.projects.models import Role

ROLES = [(role.value, role.value) for role in Role]


class MemberForm(forms.Form):
    """Who is to be a member: somebody known by username or e-mail, or a new person by e-mail."""

    who = forms.CharField(
        label="Username or e-mail",
        max_length=254,
        help_text="An e-mail address nobody has yet invites a new person.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label="Role", choices=ROLES, initial=Role.EXPERT)
    username = forms.CharField(
        label="Username for a new person",
        required=False,
        max_length=150,
        help_text="Else the part of the address before the @.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        """`username` and `email` as the service takes them."""
        values: dict[str, Any] = super().clean() or {}
        who = values.get("who", "")
        values["email"] = who if "@" in who else ""
        values["username"] = (values.get("username") or who.partition("@")[0]) if values["email"] else who
        return values
