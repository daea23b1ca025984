"""`manage.py doctor`: what is wrong with this installation, and the mend."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from apps.config.doctor.checks import report


class Command(BaseCommand):
    help = (
        "Says what is wrong with this installation (services, workers, disk, migrations, store) and the mend."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if code := report(self.stdout.write):
            sys.exit(code)
