"""How the CTI server starts: with as little as possible, as callers may be waiting for it.

`manage.py cti` comes here without Django, whose settings are read as the plain module they are. Django, the database's
tables and the data of telephone numbers are loaded beside the calls, once they are served.
"""

import gc
import os
import sys

from ccenter import settings
from ccenter.stasis.inbox import load_django
from ccenter.stasis.masking import log_to_stderr
from ccenter.stasis.runner import Options, main


def start() -> int:
    """Runs the CTI server until SIGTERM; the process's exit status."""
    gc.set_threshold(20_000, 20, 50)  # few of a call's objects ever need it, and it stops everything
    sys.setswitchinterval(0.0005)  # a thread that works on the database must not keep a call waiting
    log_to_stderr()
    return main(
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


def look_up(kind: str, arguments: dict[str, str]) -> dict[str, str] | None:
    """Answers a look-up of a flow from the business data. Raises KeyError for an unknown kind, and what the database raises."""
    load_django()  # the database may be away, and then nobody else has
    from ccenter.calls import lookups

    return lookups.run(kind, arguments)


def run() -> None:
    """`start`, and the end of the process, though a thread may still wait for the database."""
    status = start()
    sys.stderr.flush()
    os._exit(status)
