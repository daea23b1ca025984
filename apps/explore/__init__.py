"""Read-only pages over everything: data, one example, jobs, audit."""
