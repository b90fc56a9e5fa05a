"""A browser's phone without a browser: SIP over a websocket, and SDP as a browser writes it, but no sound behind it.

Sound needs ICE and DTLS, so a real browser (tests/browser). Here a page connects, registers, rings, answers, and goes away.
"""

import asyncio
import secrets
from types import TracebackType
from typing import Any, Self

import aiohttp

from .agent import UserAgent
from .dialog import Dialog
from .message import Message, Remote, token
from .transport import Transport

SAVPF = "UDP/TLS/RTP/SAVPF"


class WebTransport(Transport):
    """One websocket. `connect` before the first word; `close` shuts it as a page does that is left."""

    socket: aiohttp.ClientWebSocketResponse | None = None

    def open(self, host: str, port: int) -> None:
        self.host = f"{token()}.invalid"  # RFC 7118, 5: a browser does not know its own address

    async def connect(self, url: str) -> None:
        self._http = aiohttp.ClientSession()
        patience = aiohttp.ClientWSTimeout(ws_close=0.1)
        self.socket = await self._http.ws_connect(url, protocols=("sip",), timeout=patience)
        assert self.socket.protocol == "sip"
        self._reader = self.loop.create_task(self._read(self.socket))
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._writer = self.loop.create_task(self._write(self.socket))

    def send_raw(self, data: bytes, to: tuple[str, int] | None = None) -> None:
        if self.socket is not None:
            self._outbox.put_nowait(data)

    def _stamp(self, request: Message) -> str:
        branch = token("z9hG4bK")
        request.headers = [("Via", f"SIP/2.0/WS {self.host};branch={branch}"), ("Max-Forwards", "70"), *request.headers]
        return branch

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            data = frame.data.encode() if isinstance(frame.data, str) else frame.data
            self._received(data, ("", 0), self.loop.time())

    async def _write(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await socket.send_str((await self._outbox.get()).decode())

    async def leave(self, *, crash: bool = False) -> None:
        """The page is gone, and its socket with it. `crash`: without a closing word."""
        if self.socket is None:
            return
        socket, self.socket = self.socket, None
        for task in (self._writer, self._reader):
            task.cancel()
        await asyncio.gather(self._writer, self._reader, return_exceptions=True)
        if crash:
            socket._response.connection.transport.abort()  # type: ignore[union-attr]
        await socket.close()
        await self._http.close()


class WebPhone(UserAgent):
    """One page's phone. `account` is what the sign-in answers: endpoint, password, ws, domain."""

    transports = WebTransport
    transport: WebTransport

    def __init__(self, account: dict[str, Any], *, media: bool = False, **options: Any) -> None:
        self.account = account
        super().__init__(account["endpoint"], account["password"], ("asterisk", 5060), media=media, **options)
        self.contact = ("Contact", f"<sip:{token()}@{self.transport.host};transport=ws>")
        self.honour_auto_answer = True

    async def __aenter__(self) -> Self:
        await self.transport.connect(self.account["ws"])
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.transport.socket is not None:
            await self.close()
            await self.transport.leave()

    async def leave(self, *, crash: bool = False) -> None:
        """The tab is closed, or (`crash`) the browser is gone."""
        await self.transport.leave(crash=crash)

    def session(self, dialog: Dialog, remote: Remote | None) -> bytes:
        offer = dialog.invite.body.decode()
        mid = next((line.removeprefix("a=mid:") for line in offer.splitlines() if line.startswith("a=mid:")), "0")
        fingerprint = ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))
        lines = (
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            f"a=group:BUNDLE {mid}",
            f"m=audio 61000 {SAVPF} 0 8",
            "c=IN IP4 127.0.0.1",  # 0.0.0.0 would be a hold
            f"a=mid:{mid}",
            "a=rtcp-mux",
            "a=ice-ufrag:tests",
            f"a=ice-pwd:{secrets.token_hex(12)}",
            f"a=fingerprint:sha-256 {fingerprint}",
            "a=setup:active",
            "a=candidate:1 1 udp 2113937151 127.0.0.1 61000 typ host",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:8 PCMA/8000",
            "a=sendrecv",
        )
        return ("\r\n".join(lines) + "\r\n").encode()


def offered(dialog: Dialog) -> dict[str, str]:
    """What the offer of an incoming call says, by attribute: "m", and each "a" (the first of a name)."""
    found: dict[str, str] = {}
    for line in dialog.invite.body.decode().splitlines():
        name, _, value = line.partition("=")
        if name == "a":
            name, _, value = value.partition(":")
        found.setdefault(name, value)
    return found


__all__ = ["WebPhone", "offered"]
