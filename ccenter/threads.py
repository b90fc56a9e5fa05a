"""Threads that outlive a request, and with them their connections to the database.

Django under ASGI gives each request a new thread, and so a new connection: 20 ms of work for 5 ms of answer.
"""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext

KEPT = 16  # idle threads, each with a connection; more exist only while more requests run at once

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class ReusedThreads:
    """ASGI middleware: the synchronous part of a request runs in a thread that served others before."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._idle: list[ThreadPoolExecutor] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.app(scope, receive, send)
        finally:
            # Behind whatever an aborted request still does there: only then is the thread free.
            thread.submit(self._back, thread)

    def _back(self, thread: ThreadPoolExecutor) -> None:
        if len(self._idle) < KEPT:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)
