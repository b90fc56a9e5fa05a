"""The CTI server: `manage.py cti`."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ccenter.stasis.masking import log_to_stderr
from ccenter.stasis.runner import Options, main


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Runs until SIGTERM. STATE/run/cti.ready holds its pid once it is linked to Asterisk and serves."""

    help = "Route calls: own the core, command Asterisk."
    requires_system_checks: list[str] = []  # a start must be quick

    def handle(self, *args: Any, **options: Any) -> None:
        log_to_stderr()
        status = main(
            Options(
                state=settings.STATE,
                journal=settings.JOURNAL,
                recordings=settings.RECORDINGS,
                database_url=os.environ["DATABASE_URL"],
                node=settings.NODE,
                ari_url=settings.ARI_URL,
                ari_user=settings.ARI_USER,
                ari_password=settings.ARI_PASSWORD,
                ami_user=settings.AMI_USER,
                ami_password=settings.AMI_PASSWORD,
                look_up=look_up,
            )
        )
        sys.stderr.flush()
        os._exit(status)  # not behind a thread that waits for the database


def look_up(kind: str, arguments: dict[str, str]) -> dict[str, str] | None:
    """Answers a look-up of a flow from the business data. Raises KeyError for an unknown kind, and what the database raises."""
    from ccenter.calls import lookups

    return lookups.run(kind, arguments)
