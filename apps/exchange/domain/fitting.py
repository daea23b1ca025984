"""Whether an example can be shown and asked about: it has the fields of the protocol, and its label is an option."""

from __future__ import annotations

import base64
import binascii
import io
import re
from dataclasses import dataclass
from typing import Any

from PIL import Image

from apps.exchange.domain.rows import BadRow
from apps.projects.domain import classes_of, is_asked, target_of
from apps.projects.domain.fields import TEXTS

DATA_URI = re.compile(r"data:image/(?:png|jpeg);base64,", re.IGNORECASE)
MOST_PIXELS = 25_000_000
SHOWN_OPTIONS = 12


@dataclass(frozen=True)
class Fit:
    """What a protocol needs of an example: fields by name with their kind, and its target with its labels."""

    fields: dict[str, str]
    target: dict[str, Any]
    labels: dict[str, None]

    @classmethod
    def to(cls, body: dict[str, Any]) -> Fit:
        fields = {field["name"]: field["kind"] for field in body["fields"]}
        return cls(fields, target_of(body), dict.fromkeys(classes_of(body)))

    def check(self, payload: dict[str, Any], label: str | None) -> None:
        """Raises `BadRow` naming the field, the fault and the mend."""
        given = [name for name in self.fields if payload.get(name) not in (None, "", [])]
        if not given or not is_asked(self.target, payload):
            raise self._missing(payload)
        for name in given:
            _check_value(name, self.fields[name], payload[name])
        if label is not None and label not in self.labels:
            shown = ", ".join(list(self.labels)[:SHOWN_OPTIONS])
            more = " and others" if len(self.labels) > SHOWN_OPTIONS else ""
            raise BadRow(
                "label",
                "label_not_an_option",
                f"The label {label!r} is not an option of “{self.target['title']}”; choose one of {shown}{more}.",
            )

    def _missing(self, payload: dict[str, Any]) -> BadRow:
        """An example may lack some fields, but not all, nor one that the target is about."""
        name = next(name for name in self.fields if payload.get(name) in (None, "", []))
        message = f"The protocol shows the field {name!r}, and the payload has none. Add it to the row."
        return BadRow(f"payload.{name}", "field_missing", message)


def _check_value(name: str, kind: str, value: Any) -> None:
    if kind in TEXTS:
        _check_text(name, value)
    if kind == "image":
        _check_image(name, value)


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise BadRow(f"payload.{name}", "not_a_text", f"The field {name!r} must be a text in quotes.")


def _check_image(name: str, value: Any) -> None:
    where, start = f"payload.{name}", DATA_URI.match(value) if isinstance(value, str) else None
    if start is None:
        raise BadRow(
            where,
            "not_an_image",
            f"The field {name!r} is not an image. Write a PNG or a JPEG as data:image/png;base64,…",
        )
    try:
        content = base64.b64decode(value[start.end() :], validate=True)
        picture = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
        if picture.width * picture.height > MOST_PIXELS:
            size = f"{picture.width:,} by {picture.height:,} pixels"
            raise BadRow(where, "image_too_large", f"The image {name!r} is {size}. Make it smaller.")
        picture.load()
    except (
        binascii.Error,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
    ) as error:
        message = f"The image {name!r} is damaged and cannot be read. Export it again."
        raise BadRow(where, "damaged_image", message) from error
