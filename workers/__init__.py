"""Background work: the Celery app, one job file per app, and the learner (the only torch)."""
