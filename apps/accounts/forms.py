"""The forms of a new token, of how one is told, and of one's keys; and the sign-in library's forms in our words."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth
from django import forms

from apps.accounts.domain import BREAKS, KEYS, KINDS, MAILS, key_in_use
from apps.accounts.models import User
from apps.accounts.queries import Choice


class TokenForm(forms.Form):
    """What it is for, and for how long it signs in."""

    name = forms.CharField(
        label="What is it for?",
        max_length=80,
        help_text="A name to tell it apart by, such as “labelling script”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.TypedChoiceField(
        label="Good for", choices=[(30, "30 days"), (90, "90 days"), (365, "a year")], initial=90, coerce=int
    )


class InOurWords:
    """Gives the fields named in `labels` our words."""

    labels: dict[str, str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.labels.items():
            field = self.fields[name]  # type: ignore[attr-defined]  # a form's
            field.label = label
            field.widget.attrs.pop("placeholder", None)  # it repeats the label, and goes when one types


class AddEmail(InOurWords, allauth.AddEmailForm):  # type: ignore[misc]
    labels = {"email": "E-mail address"}


class ForgottenPassword(InOurWords, allauth.ResetPasswordForm):  # type: ignore[misc]
    labels = {"email": "E-mail address"}


class Reauthenticate(InOurWords, allauth.ReauthenticateForm):  # type: ignore[misc]
    labels = {"password": "Your password"}


class NewPassword(InOurWords, allauth.ResetPasswordKeyForm):  # type: ignore[misc]
    labels = {"password1": "New password", "password2": "New password once more"}


class ChangePassword(InOurWords, allauth.ChangePasswordForm):  # type: ignore[misc]
    labels = {"oldpassword": "Present password", **NewPassword.labels}


class NotificationsForm(forms.Form):
    """For each kind whether it is shown, and how it is mailed."""

    def __init__(self, *args: Any, choices: dict[str, Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, choice in choices.items():
            name = KINDS[kind].title
            shown = forms.BooleanField(required=False, initial=choice.in_app, label=f"{name}: in the product")
            mailed = forms.ChoiceField(choices=MAILS.items(), initial=choice.mail, label=f"{name}: by mail")
            self.fields |= {f"{kind}.in_app": shown, f"{kind}.mail": mailed}

    def rows(self) -> list[dict[str, Any]]:
        """The kinds with their two fields, for the table."""
        return [
            {"kind": kind, "in_app": self[f"{name}.in_app"], "mail": self[f"{name}.mail"]}
            for name, kind in KINDS.items()
        ]

    def chosen(self) -> dict[str, Choice]:
        said = self.cleaned_data
        return {kind: Choice(said[f"{kind}.in_app"], said[f"{kind}.mail"]) for kind in KINDS}


class BreakForm(forms.Form):
    """After how much work a break is offered."""

    minutes = forms.TypedChoiceField(
        label="Offer a break",
        choices=BREAKS.items(),
        coerce=int,
        help_text="Of time that you really worked at the desk: pauses do not count, and five minutes away begin anew.",
    )


class KeysForm(forms.Form):
    """A field for each action that has a single key. What may be given is for the service to say."""

    single_keys = forms.BooleanField(
        required=False,
        label="Single keys do something",
        help_text="Switch this off if you speak to your computer, or press keys by accident. Ctrl with a key stays.",
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["single_keys"].initial = person.single_keys
        keys = key_in_use(person.keys)
        for place, (own, does) in enumerate(KEYS.items()):
            self.fields[f"key{place}"] = forms.CharField(initial=keys[own], label=does, max_length=1)

    def rows(self) -> list[tuple[str, Any]]:
        """Each action's own key, and its field."""
        return [(own, self[f"key{place}"]) for place, own in enumerate(KEYS)]

    def chosen(self) -> dict[str, Any]:
        said = self.cleaned_data
        keys = {own: said[f"key{place}"] for place, own in enumerate(KEYS)}
        return {"single_keys": said["single_keys"], "keys": keys}
