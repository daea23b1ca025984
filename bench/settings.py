"""The product's settings with the two floors' addresses added; BENCH_BARE=1 takes all middleware away."""

from __future__ import annotations

import os

from apps.config.settings import *  # noqa: F403
from apps.config.settings import INSTALLED_APPS, MIDDLEWARE, TEMPLATES

ROOT_URLCONF = "bench.floors"
TEMPLATES[0]["DIRS"] = [*TEMPLATES[0]["DIRS"], os.path.join(os.path.dirname(__file__), "templates")]
if os.environ.get("BENCH_BARE"):
    MIDDLEWARE = []
    INSTALLED_APPS = [
        app for app in INSTALLED_APPS if "allauth" not in app
    ]  # which insists on its middleware
