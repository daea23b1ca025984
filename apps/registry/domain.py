"""What a prediction set holds."""

from __future__ import annotations

import pyarrow as pa

PREDICTIONS = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("probs", pa.list_(pa.float32())),
        pa.field("fold", pa.int32()),  # the fold whose model never saw the row; −1 where no model did
    ]
)
