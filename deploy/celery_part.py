"""Celery's worker or beat as a part of the stack: the ordinary command line, plus the ready file the supervisor reads.

Threads, not forked children: the tasks wait for the database and for the converter, and nothing is left behind when
the worker is killed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from celery.signals import beat_init, worker_ready


def main(kind: str) -> None:
    """Runs `worker` or `beat` until it is told to stop."""
    from ccenter.celery import app

    state = Path(os.environ["CC_STATE"])

    def ready(**_: object) -> None:
        (state / "run" / f"{kind}.ready").write_text(str(os.getpid()))

    signal = worker_ready if kind == "worker" else beat_init
    signal.connect(ready, weak=False)
    if kind == "worker":
        own = ["--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle"]
    else:
        # in memory: the file of the default one is torn by a kill, and beat never starts again
        own = ["--scheduler", "celery.beat:Scheduler", "--pidfile="]
    app.start([kind, "--loglevel", "warning", *own])


if __name__ == "__main__":
    main(sys.argv[1])
