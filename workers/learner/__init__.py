"""The learner: fits and applies models in a process of its own; knows no Django and no Celery.

    python -m workers.learner fit SPEC.json
    python -m workers.learner predict SPEC.json

`contract.py` says what stands in a spec. Stdout carries JSON lines only, stderr the words for people.
"""
