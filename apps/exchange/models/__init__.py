"""ImportRun and its row errors."""

from __future__ import annotations

from apps.exchange.models.imports import ImportProblem, ImportRun

__all__ = ["ImportProblem", "ImportRun"]
