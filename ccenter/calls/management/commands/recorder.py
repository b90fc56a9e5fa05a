"""The recorder process: follows the journal into the database until it is told to stop."""

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection

from ccenter.calls.publisher import Publisher
from ccenter.calls.recorder import Recorder
from ccenter.calls.spool import Spool

log = logging.getLogger(__name__)

PAUSE = 0.04  # seconds between batches at the most; as long as the last one took: a quiet record is told at once, a busy one in
# few and large batches
IDLE = 0.005  # seconds between looks at a journal that does not grow
TIDY_EVERY = 2.0
LONGEST_BACKOFF = 2.0


class Command(BaseCommand):
    """`manage.py recorder`. STATE/run/recorder.ready holds its pid and is touched every second while it works."""

    help = "Follow the journal into the database."

    def handle(self, *args: Any, **options: Any) -> None:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        publisher = Publisher()
        publisher.start()
        recorder = Recorder(settings.JOURNAL, publisher)
        work(recorder, Spool(settings.STATE / "spool"), settings.STATE / "run" / "recorder.ready", stop)
        publisher.stop()


def work(recorder: Recorder, spool: Spool, ready: Path, stop: threading.Event) -> None:
    """Records until `stop` is set. The database away: tries again for ever."""
    backoff = beat = tidied = 0.0
    while not stop.is_set():
        try:
            began = time.monotonic()
            new = recorder.step()
            if began - beat > 1.0:
                beat = began
                _beat(ready)
            if began - tidied > TIDY_EVERY:
                tidied = began
                _tidy(recorder, spool)
            backoff = 0.0
            stop.wait(min(PAUSE, time.monotonic() - began) if new else IDLE)
        except (DatabaseError, InterfaceError, OSError) as error:
            backoff = min(max(0.1, backoff * 2), LONGEST_BACKOFF)
            log.warning("cannot record, the journal keeps everything: %s", str(error).strip().partition("\n")[0])
            with suppress(Exception):
                connection.close()
            stop.wait(backoff)


def _beat(ready: Path) -> None:
    if not ready.exists() or ready.read_text() != str(os.getpid()):
        ready.parent.mkdir(parents=True, exist_ok=True)
        ready.write_text(str(os.getpid()))
    os.utime(ready)


def _tidy(recorder: Recorder, spool: Spool) -> None:
    if recorder.tail is not None and (gone := recorder.tail.delete_shipped()):
        log.info("journal segments on record and deleted: %s", ", ".join(gone))
    spool.take_in()
