"""The dataset's rows and their schema."""

from __future__ import annotations

import pyarrow as pa

SOURCES = {"given": "as given", "vote": "people agreed", "adjudicated": "a lead settled it"}

ROWS = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("payload", pa.string()),  # the payload's digest
        pa.field("split", pa.string()),
        pa.field("label", pa.string()),
        pa.field("soft", pa.list_(pa.float32())),  # posterior over the classes; null where nobody was asked
        pa.field("source", pa.string()),  # given, vote or adjudicated
        pa.field("given_label", pa.string()),
        pa.field("condition", pa.string()),
        pa.field("answers", pa.int32()),
        pa.field("attributes", pa.string()),
        pa.field("licence", pa.string()),
    ]
)

LINEAGE = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("task", pa.int64()),
        pa.field("annotations", pa.list_(pa.int64())),
    ]
)
