"""A centre that runs: the real core, journal and recorder in a thread, requests from the database, a switch that obeys."""

import threading
import time
from heapq import heappop
from pathlib import Path
from types import TracebackType
from typing import Self

from django.db import connection

from ccenter.acd import events
from ccenter.acd.facts import Fact
from ccenter.calls.journal import Journal
from ccenter.calls.recorder import Recorder
from ccenter.calls.requests import Inbox
from tests.django.centre_day import Day


class LiveCentre:
    """A context manager; `call` lets a caller ring. Its clock is the real one."""

    def __init__(self, folder: Path, *, recording: bool = True) -> None:
        self.day = Day(wild=False, calls=0)
        self.journal = Journal(folder)
        self.recorder = Recorder(folder)
        self.recording = recording
        self._n = 0
        self._inputs: list[events.AnyEvent] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="centre")
        self.trouble: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(10)
        self.journal.close()
        if self.trouble is not None and error is None:
            raise self.trouble

    def call(self, ani: str = "13800138000", dnis: str = "4002") -> str:
        """A caller rings; the leg."""
        leg = f"ast1-x{time.monotonic_ns()}"
        self._inputs.append(events.CallOffered(leg, ani, dnis, "demo"))
        return leg

    def tell(self, event: events.AnyEvent) -> None:
        self._inputs.append(event)

    def _run(self) -> None:
        try:
            inbox = Inbox()
            while not self._stop.wait(0.002):
                self._inputs += inbox.fetch()
                now = time.time()  # noqa: TID251
                while self._inputs:
                    self._take(self._inputs.pop(0), now)
                while self.day.due and self.day.due[0][0] <= now:
                    self._take(heappop(self.day.due)[2], now)  # type: ignore[arg-type]
                deadline = self.day.acd.next_deadline()
                if deadline is not None and deadline <= now:
                    self._take(None, now)
                if self.recording:
                    self.recorder.step()
        except BaseException as error:
            self.trouble = error
        finally:
            connection.close()

    def _take(self, event: events.AnyEvent | None, now: float) -> None:
        self.day.now = now
        out = self.day.acd.handle(event, now) if event is not None else self.day.acd.advance(now)
        self._n += 1
        self.journal.append(self._n, now, event, [one for one in out if isinstance(one, Fact)])
        for one in out:
            if not isinstance(one, Fact):
                self.day.obey(one)
