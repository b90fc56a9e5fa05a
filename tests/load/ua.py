"""The measuring party: all callers and all desk phones of a benchmark in one process.

A call's time to ring is between two events on one clock: the INVITE leaves a caller's socket, and the kernel puts Asterisk's
INVITE for the agent into the phones' socket (its own time stamp, so this process may be late without being wrong).
Which INVITE belongs to which caller is told by the caller's number, which no other call of a run has.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import secrets
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.load import wire
from tests.load.rtp import Pump, Stream
from tests.phones.message import Message, authorization, parse, token

SO_TIMESTAMPNS = 35
BUFFER = 8 << 20  # bytes; a burst must not be lost here
REPEAT, GIVE_UP = 0.5, 16.0  # seconds: a message unanswered is sent again, each time after twice as long
# Numbers nobody had in an earlier run on the same stack: what is found in the record by number is of this run.
_numbers = itertools.count(13_800_000_000 + secrets.randbelow(99_000_000))


def clock() -> float:
    """The clock of the kernel's time stamps, seconds."""
    return time.clock_gettime(time.CLOCK_REALTIME)


@dataclass(slots=True, eq=False)
class Call:
    """One call of a caller. Times are of `clock`; 0 where it did not happen."""

    number: int
    talk: float | None  # seconds from the agent's (without one: the centre's) answer to the caller's BYE; None: for ever
    sent: float = 0.0
    trying: float = 0.0
    answered: float = 0.0  # 200 to the caller
    offered: float = 0.0  # INVITE at a phone
    connected: float = 0.0  # the phone's answer acknowledged
    hung_up: float = 0.0  # the caller's BYE
    ended: float = 0.0
    trouble: str = ""
    ears: tuple[int, int] | None = None  # ports of somebody else who has the audio, the caller's and the agent's
    asterisk: tuple[int, int] = (0, 0)  # Asterisk's ports for the caller's audio and the agent's
    _uri: bytes = b""
    _to: bytes = b""
    _voice: Stream | None = None
    _ack: bytes = b""

    @property
    def ani(self) -> str:
        return str(self.number)


@dataclass(slots=True, eq=False)
class Ringing:
    """A phone's side of a call."""

    invite: wire.Text
    tag: bytes
    call: Call
    last: bytes = b""  # what was answered last, for an INVITE sent again
    connected: bool = False
    done: bool = False
    voice: Stream | None = None


class Door:
    """A UDP socket whose datagrams come with the kernel's time of arrival; what is unanswered is sent again."""

    def __init__(
        self, host: str, server: tuple[str, int], heard: Callable[[wire.Text, float, bytes], None], port: int = 0
    ) -> None:
        self.server, self._heard = server, heard
        sock = self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        with contextlib.suppress(PermissionError):
            sock.setsockopt(socket.SOL_SOCKET, 33, BUFFER)  # SO_RCVBUFFORCE, past the system's limit: root's
        sock.bind((host, port))
        self.host, self.port = sock.getsockname()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._readable)
        self._pending: dict[bytes, tuple[float, float, bytes]] = {}  # key: (when again, next pause, message)
        self.repeats = 0
        self._timer = self._loop.call_later(REPEAT, self._again)

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(data, self.server)

    def ask(self, key: bytes, data: bytes) -> None:
        """Send until `settle(key)`."""
        self._pending[key] = (self._loop.time() + REPEAT, REPEAT * 2, data)
        self.send(data)

    def settle(self, key: bytes) -> None:
        self._pending.pop(key, None)

    def _again(self) -> None:
        now = self._loop.time()
        for key, (due, pause, data) in list(self._pending.items()):
            if due <= now:
                self.repeats += 1
                self.send(data)
                if pause > GIVE_UP:
                    del self._pending[key]
                else:
                    self._pending[key] = (now + pause, pause * 2, data)
        self._timer = self._loop.call_later(0.1, self._again)

    def _readable(self) -> None:
        for _ in range(256):
            try:
                data, extra, _, _ = self._socket.recvmsg(8192, 64)
            except (BlockingIOError, ConnectionError):
                return
            seconds, nanos = struct.unpack("qq", extra[0][2][:16])
            self._heard(wire.Text(data), seconds + nanos / 1e9, data)

    def close(self) -> None:
        self._timer.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()


class Callers:
    """The far side of a trunk: calls go out from one address, as many at once as you like."""

    def __init__(self, host: str, server: tuple[str, int], pump: Pump) -> None:
        self.door = Door(host, server, self._on)
        self.pump = pump
        self.calls: dict[bytes, Call] = {}  # those that go on, by Call-ID
        self.media = False
        self.answered: Callable[[Call], None] = lambda _: None
        self._loop = asyncio.get_running_loop()
        self._sdp = wire.sdp(pump.port)
        self._run = secrets.token_hex(4)
        self.quiet = asyncio.Event()

    def dial(self, dnis: str, talk: float | None, ears: tuple[int, int] | None = None, number: int | None = None) -> Call:
        """Send an INVITE now, from `number` or from one that nobody had."""
        number = number or next(_numbers)
        call = Call(number, talk, ears=ears)
        key = b"%d-%s" % (number, self._run.encode())
        self.calls[key] = call
        host, port = self.door.server
        uri = f"sip:{dnis}@{host}:{port}".encode()
        headers = self._headers(number, b"i", uri, b"1 INVITE", b"<%s>" % uri) + wire.ALLOW
        sdp = wire.sdp(ears[0]) if ears else self._sdp
        message = wire.request("INVITE", uri, headers + b"Content-Type: application/sdp\r\n", sdp)
        call._uri = uri
        call.sent = clock()
        self.door.ask(b"i" + key, message)
        return call

    def _headers(self, number: int, kind: bytes, uri: bytes, cseq: bytes, to: bytes) -> bytes:
        here = f"{self.door.host}:{self.door.port}".encode()
        return b"".join(
            (
                b"Via: SIP/2.0/UDP %s;branch=z9hG4bK%s%d;rport\r\n" % (here, kind + self._run.encode(), number),
                b"Max-Forwards: 70\r\nFrom: <sip:%d@%s>;tag=c%d\r\n" % (number, self.door.host.encode(), number),
                b"To: %s\r\nCall-ID: %d-%s\r\nCSeq: %s\r\n" % (to, number, self._run.encode(), cseq),
                b"Contact: <sip:%d@%s>\r\n" % (number, here),
            )
        )

    def hang_up(self, call: Call) -> None:
        """BYE, if the call is up and nobody has hung up yet."""
        if not call.answered or call.hung_up or call.ended:
            return
        call.hung_up = clock()
        if call._voice:
            self.pump.remove(call._voice)
            call._voice = None
        headers = self._headers(call.number, b"b", call._uri, b"2 BYE", call._to)
        self.door.ask(b"b%d" % call.number, wire.request("BYE", call._uri, headers))

    def _end(self, key: bytes, call: Call, at: float, trouble: str = "") -> None:
        call.ended = at
        call.trouble = call.trouble or trouble
        if call._voice:
            self.pump.remove(call._voice)
            call._voice = None
        del self.calls[key]
        if not self.calls:
            self.quiet.set()

    def _on(self, text: wire.Text, at: float, data: bytes) -> None:
        call = self.calls.get(text.call_id)
        if not text.status:
            if text.method != b"ACK":
                self.door.send(wire.answer(text, b"200 OK", b"c", body=self._sdp if text.method == b"INVITE" else b""))
            if text.method == b"BYE" and call:
                self._end(text.call_id, call, at, "" if call.hung_up else "cut")
        elif call is None:
            pass
        elif text.method == b"INVITE":
            self.door.settle(b"i" + text.call_id)
            if text.status < 200:
                call.trying = call.trying or at
            elif text.status < 300:
                self._answered(call, text, at)
            else:
                headers = self._headers(call.number, b"i", call._uri, b"1 ACK", text.to[3:].strip())
                self.door.send(wire.request("ACK", call._uri, headers))
                self._end(text.call_id, call, at, f"refused {text.status}")
        elif text.method == b"BYE":
            self.door.settle(b"b%d" % call.number)
            self._end(text.call_id, call, at)

    def _answered(self, call: Call, text: wire.Text, at: float) -> None:
        if not call.answered:
            call.answered = at
            call._uri, call._to = text.contact or call._uri, text.to[3:].strip()
            call._ack = wire.request("ACK", call._uri, self._headers(call.number, b"a", call._uri, b"1 ACK", call._to))
            call.asterisk = (text.audio, call.asterisk[1])
            if self.media and not call.ears and text.audio:
                call._voice = self.pump.add(text.audio, caller_tone(call.number))
            self.answered(call)
        self.door.send(call._ack)

    async def all_ended(self, within: float) -> None:
        """Wait until no call is left; who is left after `within` seconds is in trouble and is ended, and waited for once more."""
        await self._silence(within)
        for call in self.calls.values():
            call.trouble = "never ended" if call.hung_up else "never connected" if call.answered else "never answered"
            self._give_up(call)
        await self._silence(2.0)
        for key, call in list(self.calls.items()):
            self._end(key, call, clock())

    async def _silence(self, within: float) -> None:
        self.quiet.clear()
        if self.calls:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.quiet.wait(), within)

    def _give_up(self, call: Call) -> None:
        self.hang_up(call)
        if not call.answered:
            to = b"<%s>" % call._uri
            cancel = wire.request("CANCEL", call._uri, self._headers(call.number, b"i", call._uri, b"1 CANCEL", to))
            self.door.send(cancel)


class Phones:
    """Desk phones, all at one address: ring, answer after `ring` seconds, are hung up on."""

    def __init__(self, host: str, server: tuple[str, int], pump: Pump, port: int = 0) -> None:
        self.door = Door(host, server, self._on, port)
        self.pump = pump
        self.media = False
        self.ring = 0.05
        self.expected: Callable[[int], Call | None] = lambda _: None  # by the last eight digits
        self.connected: Callable[[Call], None] = lambda _: None
        self.strays = 0
        self.live: dict[bytes, Ringing] = {}
        self._loop = asyncio.get_running_loop()
        self._sdp = wire.sdp(pump.port)
        self._contact = f"Contact: <sip:phone@{self.door.host}:{self.door.port}>\r\n".encode()
        self._tags = itertools.count(1)
        self._registers: dict[bytes, asyncio.Future[Message]] = {}

    async def register(self, user: str, password: str) -> int:
        """REGISTER with digest; the final status."""
        host, port = self.door.server
        uri, own = f"sip:{host}:{port}", token()
        extra: list[tuple[str, str]] = []
        status = 0
        for cseq in (1, 2):
            via = f"SIP/2.0/UDP {self.door.host}:{self.door.port};branch={token('z9hG4bK')};rport"
            headers = [
                ("Via", via), ("Max-Forwards", "70"), ("From", f"<sip:{user}@{host}>;tag={token()}"),
                ("To", f"<sip:{user}@{host}>"), ("Call-ID", own), ("CSeq", f"{cseq} REGISTER"),
                ("Contact", f"<sip:{user}@{self.door.host}:{self.door.port}>"), ("Expires", "7200"), *extra,
            ]  # fmt: skip
            answered = self._registers[own.encode()] = self._loop.create_future()
            self.door.ask(own.encode(), Message("REGISTER", uri, headers=headers).encode())
            response = await asyncio.wait_for(answered, 20)
            status = response.status
            challenge = response.get("WWW-Authenticate")
            if status != 401 or not challenge:
                break
            extra = [("Authorization", authorization(challenge, "REGISTER", uri, user, password))]
        del self._registers[own.encode()]
        return status

    def _on(self, text: wire.Text, at: float, data: bytes) -> None:
        if text.status:
            waiting = self._registers.get(text.call_id)
            if waiting and text.status >= 200 and not waiting.done():
                self.door.settle(text.call_id)
                waiting.set_result(parse(data))
            return
        ringing = self.live.get(text.call_id)
        if text.method == b"INVITE" and ringing is None:
            self._rings(text, at)
        elif text.method == b"INVITE" and ringing and not text.in_dialog:
            self.door.send(ringing.last)
        elif text.method == b"ACK":
            self._acknowledged(text, ringing, at)
        elif text.method == b"CANCEL" and ringing:
            self.door.send(wire.answer(text, b"200 OK", ringing.tag))
            if not ringing.connected and not ringing.done:
                ringing.done = True
                self.door.ask(text.call_id, wire.answer(ringing.invite, b"487 Request Terminated", ringing.tag))
        else:
            self.door.send(wire.answer(text, b"200 OK", b"p", self._contact, self._sdp if text.method == b"INVITE" else b""))
            if text.method == b"BYE" and ringing:
                self._gone(text.call_id, ringing)

    def _rings(self, text: wire.Text, at: float) -> None:
        call = self.expected(text.who)
        if call is None:
            self.strays += 1
            self.door.send(wire.answer(text, b"486 Busy Here", b"p"))
            return
        call.offered = call.offered or at
        ringing = self.live[text.call_id] = Ringing(text, b"p%d" % next(self._tags), call)
        ringing.last = wire.answer(text, b"180 Ringing", ringing.tag, self._contact)
        self.door.send(ringing.last)
        self._loop.call_later(self.ring, self._answer, ringing)

    def _answer(self, ringing: Ringing) -> None:
        if not ringing.done:
            ears = ringing.call.ears
            sdp = wire.sdp(ears[1]) if ears else self._sdp
            ringing.last = wire.answer(ringing.invite, b"200 OK", ringing.tag, self._contact + wire.ALLOW, sdp)
            self.door.ask(ringing.invite.call_id, ringing.last)

    def _acknowledged(self, text: wire.Text, ringing: Ringing | None, at: float) -> None:
        self.door.settle(text.call_id)
        if ringing is None or ringing.connected:
            return
        if ringing.done:
            self.live.pop(text.call_id, None)
            return
        ringing.connected = True
        ringing.call.connected = at
        ringing.call.asterisk = (ringing.call.asterisk[0], ringing.invite.audio)
        if self.media and not ringing.call.ears and ringing.invite.audio:
            ringing.voice = self.pump.add(ringing.invite.audio, agent_tone(ringing.call.number))
        self.connected(ringing.call)

    def _gone(self, call_id: bytes, ringing: Ringing) -> None:
        self.live.pop(call_id, None)
        self.door.settle(call_id)
        ringing.done = True
        if ringing.voice:
            self.pump.remove(ringing.voice)


def caller_tone(number: int) -> int:
    """Hz: what the caller of this number says in calls with audio."""
    return 400 + 50 * (number % 20)


def agent_tone(number: int) -> int:
    """Hz: what the agent says to the caller of this number. Never a caller's tone."""
    return 1600 + 50 * (number % 20)


class Party:
    """Callers of one trunk and the phones, playing rounds together."""

    def __init__(self, callers: Callers, phones: Phones) -> None:
        self.callers, self.phones = callers, phones
        self.late = 0.0  # seconds, how late an INVITE left: the worst of the last round
        self._by_number: dict[int, Call] = {}
        self._loop = asyncio.get_running_loop()

    def take_phones(self, *, media: bool = False, ring: float = 0.05, alone: bool = False) -> None:
        """From now on the phones ring for this party's callers. `alone`: the talk is with the machine that answers."""
        self.phones.media = self.callers.media = media
        self.phones.ring = ring
        self.phones.expected = self._by_number.get
        self.phones.connected = self._talks if not alone else lambda _: None
        self.callers.answered = self._talks if alone else lambda _: None

    def dial(self, dnis: str, talk: float | None, ears: tuple[int, int] | None = None, number: int | None = None) -> Call:
        call = self.callers.dial(dnis, talk, ears, number)
        self._by_number[call.number % 100_000_000] = call
        return call

    def _talks(self, call: Call) -> None:
        if call.talk is not None:
            self._loop.call_later(call.talk, self.callers.hang_up, call)

    async def play(self, dnis: str, rate: float, seconds: float, talk: float, seed: int) -> list[Call]:
        """Calls by a Poisson process of `rate` a second, each talking for `talk` seconds; returns when the last has ended.

        The same seed gives the same times.
        """
        dice = random.Random(seed)
        self.late = 0.0
        start = self._loop.time() + 0.05
        at, calls = start + dice.expovariate(rate), []
        while at < start + seconds:
            pause = at - self._loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            self.late = max(self.late, self._loop.time() - at)
            calls.append(self.dial(dnis, talk))
            at += dice.expovariate(rate)
        await self.callers.all_ended(within=10.0)
        for call in calls:
            self._by_number.pop(call.number % 100_000_000, None)
        return calls
