#!/usr/bin/env python
"""Django's command line."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccenter.settings")
    if sys.argv[1:] == ["cti"]:  # callers may be waiting for it: it loads Django when they are served
        from ccenter.stasis.start import run

        run()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
