"""Scores a prediction set and opens tasks."""
