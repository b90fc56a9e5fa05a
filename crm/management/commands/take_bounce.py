"""Reads one mail that came back from standard input, as a mail server hands it to a program:

bounce: "|/opt/ccenter/manage.py take_bounce"
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from crm.services.mailing import take_bounce

MOST = 1 << 20  # bytes: reports carry the headers of what they are about, sometimes all of it


class Command(BaseCommand):
    help = "Notes which mail of ours came back (a delivery report on standard input)."

    def handle(self, *args: Any, **options: Any) -> None:
        found = take_bounce(sys.stdin.buffer.read(MOST))
        self.stdout.write(f"mail {found.pk}: {found.state}" if found else "none of ours")
