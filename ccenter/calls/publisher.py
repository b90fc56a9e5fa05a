"""What the recorder tells others after a commit, from a thread of its own: Valkey away must not hold up the record."""

import asyncio
import contextlib
import logging
import threading

from channels.layers import get_channel_layer

from ccenter.celery import app

log = logging.getLogger(__name__)

GROUP = "feed"
PATIENCE = 1.0  # seconds for Valkey
MOST_WAITING = 10_000  # recordings to be handed to the workers; what is beyond, the sweep finds


class Publisher(threading.Thread):
    """Sends {"type": "feed.facts", "seq": n} to the group, and the ids of finished recordings to the workers.

    Only the newest seq matters, so while one message is on its way the next ones become one.
    """

    def __init__(self) -> None:
        super().__init__(name="publisher", daemon=True)
        self.failures = 0
        self._loop = asyncio.new_event_loop()
        self._woken = asyncio.Event()
        self._seq = 0
        self._recordings: list[str] = []

    def __call__(self, seq: int, recordings: list[str]) -> None:
        """Never blocks, never raises."""
        self._seq = max(self._seq, seq)
        if len(self._recordings) < MOST_WAITING:
            self._recordings += recordings
        with contextlib.suppress(RuntimeError):  # the loop is closed: we are on the way out
            self._loop.call_soon_threadsafe(self._woken.set)

    def run(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.run_until_complete(self._send())

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)

    async def _send(self) -> None:
        layer = get_channel_layer()
        sent = 0
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                if (seq := self._seq) > sent:
                    message = {"type": "feed.facts", "seq": seq}
                    await asyncio.wait_for(layer.group_send(GROUP, message), PATIENCE)
                    sent = seq
                while self._recordings:
                    await asyncio.wait_for(asyncio.to_thread(_enqueue, self._recordings[0]), 2 * PATIENCE)
                    del self._recordings[0]
            except Exception as error:
                self.failures += 1
                if self.failures in (1, 10, 100) or self.failures % 1000 == 0:
                    log.warning("Valkey does not take messages (%d times now): %r", self.failures, error)
                await asyncio.sleep(PATIENCE)
                self._recordings.clear()  # the sweep of ccenter.calls.tasks finds them


def _enqueue(recording: str) -> None:
    # By name and our app: in a thread a shared task takes Celery's default app, which knows no broker.
    app.send_task("ccenter.calls.tasks.convert_recording", (recording,), retry=False)
