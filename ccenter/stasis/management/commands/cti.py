"""The CTI server: `manage.py cti`. manage.py takes the short way to the same `run`, without Django; see start.py."""

from typing import Any

from django.core.management.base import BaseCommand

from ccenter.stasis.start import run


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Runs until SIGTERM. STATE/run/cti.ready holds its pid once it is linked to Asterisk and serves."""

    help = "Route calls: own the core, command Asterisk."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        run()
