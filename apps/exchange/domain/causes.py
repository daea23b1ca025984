"""What is wrong with rows, in a few words for each code."""

from __future__ import annotations

WORDS = {
    "bad_attributes": "attributes cannot be kept",
    "bad_encoding": "not UTF-8",
    "bad_json": "not JSON",
    "bad_key": "key cannot be kept",
    "bad_label": "label cannot be kept",
    "bad_licence": "licence cannot be kept",
    "bad_payload": "payload cannot be kept",
    "bad_quote": "quote not closed",
    "benchmark_frozen": "benchmark is frozen",
    "damaged_image": "image is damaged",
    "duplicate_key": "key twice in the file",
    "field_missing": "field of the protocol missing",
    "image_too_large": "image too large",
    "key_exists": "key already there",
    "label_not_an_option": "label is not an option",
    "no_key": "no key",
    "no_label": "label is not a text",
    "no_licence": "licence is not a text",
    "no_payload": "no payload",
    "not_a_text": "field is not a text",
    "not_an_image": "field is not an image",
    "not_an_object": "not an object",
    "row_too_long": "row too long",
    "too_deep": "nested too deeply",
    "too_many_cells": "more cells than columns",
    "unknown_field": "unknown field",
    "unknown_split": "unknown split",
}
