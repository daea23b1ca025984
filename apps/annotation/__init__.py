"""Queues, tasks, assignments, annotations and consensus: the desk and adjudication."""
