"""`python -m apps.config.doctor`."""

from __future__ import annotations

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        print(f"problem  Settings      {error}")
        return 1
    from apps.config.doctor.checks import report  # it needs the apps, which are there only now

    return report()


if __name__ == "__main__":
    sys.exit(main())
