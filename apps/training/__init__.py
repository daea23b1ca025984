"""Recipes, training runs, benchmarks, gates, promotion and rollback."""
