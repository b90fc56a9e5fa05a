"""HTTP/1.1 to one server over kept connections, with no more than ARI needs.

A call takes eight commands, so the client is on every caller's path. A general one costs several times the processor time,
and an agent's phone rings a millisecond later for it (measured: tests/load).
"""

import asyncio
import base64
import re
from collections import deque
from typing import cast
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_UNSAFE = re.compile(r"[^!-~]")


class ConnectionLost(OSError):
    """The connection ended before the answer was there."""


class _Connection(asyncio.Protocol):
    """One connection; one request at a time. `kept`: it has served before, so the server may just have closed it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.kept = False
        self.alive = True
        self.since = 0.0  # when it became idle
        self._loop = loop
        self._text = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        answer = self._answer = self._loop.create_future()
        self._transport.write(request)
        try:
            await answer
        except asyncio.CancelledError:
            self.close()  # the answer may still come, and would be taken for the next one
            raise
        result: tuple[int, bytes] = answer.result()
        return result

    def data_received(self, data: bytes) -> None:
        text = self._text = self._text + data if self._text else data
        head = text.find(b"\r\n\r\n")
        if head < 0 or self._answer is None:
            return
        found = _LENGTH.search(text, 0, head + 2)
        end = head + 4 + (int(found[1]) if found else 0)
        if len(text) < end:
            return
        self._text = b""
        self.kept = True
        if _CLOSES.search(text, 0, head + 2) or len(text) > end:
            self.close()
        answer, self._answer = self._answer, None
        if not answer.done():
            answer.set_result((int(text[9:12]), text[head + 4 : end]))

    def connection_lost(self, error: Exception | None) -> None:
        self.alive = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionLost(str(error) if error else "the server closed the connection"))

    def close(self) -> None:
        self.alive = False
        self._transport.abort()


class Client:
    """Requests to one server, `most` at the same time; more wait their turn. Made and used in one event loop."""

    def __init__(self, url: str, user: str, password: str, *, most: int, patience: float, keep: float) -> None:
        """`patience`: seconds a request may take, waiting included. `keep`: seconds an idle connection is used again."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"no address of a server: {url}")
        self.patience = patience
        self._tls = True if parts.scheme == "https" else None
        self._host, self._port = parts.hostname, parts.port or (443 if self._tls else 80)
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._head = f" HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Basic {secret}\r\n"
        self._keep = keep
        self._gate = asyncio.Semaphore(most)
        self._idle: deque[_Connection] = deque()
        self._closed = False
        self._loop = asyncio.get_running_loop()

    async def request(self, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of the answer. `target` is quoted already; `body` is JSON.

        A request that meets a kept connection just closed is sent again, so it must bear repetition.
        Raises TimeoutError, and OSError when there is nobody or the connection breaks.
        """
        if _UNSAFE.search(target):
            raise ValueError(f"not quoted: {target!r}")
        kind = "" if body is None else "Content-Type: application/json\r\n"
        body = body or b""
        message = f"{method} {target}{self._head}{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body
        async with asyncio.timeout(self.patience), self._gate:
            while True:
                connection = await self._take()
                kept = connection.kept
                try:
                    answer = await connection.ask(message)
                except ConnectionLost:
                    if not kept:
                        raise
                else:
                    if self._closed:
                        connection.close()
                    elif connection.alive:
                        connection.since = self._loop.time()
                        self._idle.append(connection)
                    return answer

    async def _take(self) -> _Connection:
        oldest = self._loop.time() - self._keep
        while self._idle:
            connection = self._idle.pop()  # the one used last: the others may grow old
            if connection.alive and connection.since > oldest:
                return connection
            connection.close()
        _, connection = await self._loop.create_connection(lambda: _Connection(self._loop), self._host, self._port, ssl=self._tls)
        return connection

    def close(self) -> None:
        """Closes what is idle now, and what is in use when it is done."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
