"""Filters every page may use."""
