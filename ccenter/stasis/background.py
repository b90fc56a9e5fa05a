"""What the core asks for that would hold up the event loop: business data, the disk. Each in threads of its own kind."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ccenter.acd import commands, events

log = logging.getLogger(__name__)

LookUp = Callable[[str, dict[str, str]], dict[str, str] | None]

LOOK_UPS = 8  # at once
LOOK_UPS_WAITING = 200  # beyond it the business data is away, and whoever asks is told so at once
CLOSED_WITHIN = 6.0  # seconds after a leg's end until its recording must have stopped growing
LOOK_EVERY = 1.2  # seconds; Asterisk writes a recording each second of it, 32 KiB
DAYS_BACK = 3  # a call that is recorded over midnight lies in the folder of the day it began


class Background:
    """`sync` puts the journal on disk, `run` answers a look-up; both block and may raise anything."""

    def __init__(self, recordings: Path, sync: Callable[[], None], run: LookUp) -> None:
        self._recordings = recordings
        self._sync = sync
        self._run = run
        self._disk = ThreadPoolExecutor(2, thread_name_prefix="disk")
        self._data = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="lookup")
        self._asked = 0
        self._folder = Path()

    def close(self) -> None:
        """Starts no more; does not wait for what hangs."""
        self._disk.shutdown(wait=False, cancel_futures=True)
        self._data.shutdown(wait=False, cancel_futures=True)

    async def look_up(self, command: commands.LookUp) -> events.LookedUp:
        """The answer; `failed` when there is none."""
        if self._asked >= LOOK_UPS_WAITING:
            return events.LookedUp(command.call, command.lookup, False, failed=True)
        self._asked += 1
        loop = asyncio.get_running_loop()
        try:
            values = await loop.run_in_executor(self._data, self._run, command.kind, command.arguments)
        except Exception as error:
            # Not the traceback: an argument may be a number or a PIN.
            log.warning("look-up %s failed: %s", command.kind, type(error).__name__)
            return events.LookedUp(command.call, command.lookup, False, failed=True)
        finally:
            self._asked -= 1
        return events.LookedUp(command.call, command.lookup, values is not None, values or {})

    async def store(self, command: commands.Store) -> events.Stored:
        """Says so once everything journalled before is on disk."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._sync)
        except OSError as error:
            log.error("the journal cannot be put on disk: %s", error)
            return events.Stored(command.token, failed=True)
        return events.Stored(command.token)

    # -- recordings --------------------------------------------------------------------------------------------

    def new_recording(self, recording: str) -> Path:
        """Where a recording that begins now is written; its folder is there when this returns. Raises OSError."""
        folder = self._recordings / _day(0)
        if folder != self._folder:
            folder.mkdir(parents=True, exist_ok=True)
            self._folder = folder
        return folder / f"{recording}.raw"

    def begun_recording(self, recording: str) -> Path:
        """Where a recording is written that began before, be it yesterday. Raises OSError."""
        path, _ = self._measure(recording)
        return self._recordings / path if path else self.new_recording(recording)

    async def check(self, command: commands.CheckRecording) -> events.RecordingChecked:
        """Waits until the file grows no more. `path` is relative to the folder of recordings."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CLOSED_WITHIN
        path, size = "", -1
        while loop.time() < deadline:
            before = size
            path, size = await loop.run_in_executor(self._disk, self._measure, command.recording)
            if size > 0 and size == before:
                break
            await asyncio.sleep(LOOK_EVERY)
        reason = "" if size > 0 else "empty" if path else "missing"
        return events.RecordingChecked(command.call, command.recording, path, max(0, size), reason)

    def _measure(self, recording: str) -> tuple[str, int]:
        for days in range(DAYS_BACK):
            path = f"{_day(days)}/{recording}.raw"
            try:
                return path, (self._recordings / path).stat().st_size
            except OSError:
                continue
        return "", 0


def _day(back: int) -> str:
    """A day's folder, UTC: "2026/01/31"."""
    return time.strftime("%Y/%m/%d", time.gmtime(_now() - back * 86400))


def _now() -> float:
    return time.time()  # noqa: TID251  # the folder's name is nothing the core decides
