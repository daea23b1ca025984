"""Immutable snapshots of what people said."""
