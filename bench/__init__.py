"""Reproducible measurements; not tests. Method in each file, figures in docs/benchmarks.md."""
