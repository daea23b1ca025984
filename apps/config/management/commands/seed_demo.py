"""Seed the demo project; needs running workers, for the base model is trained like any other."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.config.demo import project as demo
from apps.projects.models import Project


class Command(BaseCommand):
    help = "Seed the demo project of handwritten digits (takes under a minute; goes on where it was cut off)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="only when there is no other project")

    def handle(self, *args: Any, **options: Any) -> None:
        # here, because it needs scikit-learn, which only a demo has
        from apps.config.demo.seed import SeedStalled, is_seeded, seed

        if options["if_empty"] and (is_seeded() or Project.objects.exclude(slug=demo.SLUG).exists()):
            return
        try:
            seed(say=self.stdout.write)
        except SeedStalled as stalled:
            raise CommandError(str(stalled)) from stalled
        self.stdout.write("The demo is ready.")
