"""RTP of the test parties: every party says its own tone and keeps all it hears, with the time it came."""

import array
import asyncio
import itertools
import socket
import struct
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np

from . import sound
from .clock import SO_TIMESTAMPNS, arrival
from .message import MIRROR, PCMA, Remote
from .sound import FRAME, HEARD, WINDOW, Samples
from .waiting import Waitable

DIGITS = "0123456789*#ABCD"
KEEP = 600 * 50  # packets kept of what was heard: ten minutes
QUIET = -50.0  # dB of full scale: less is no sound


class Pacer:
    """One timer for all the streams of an event loop: every 20 ms each sends its packet."""

    _of_loop: ClassVar["dict[asyncio.AbstractEventLoop, Pacer]"] = {}

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.streams: set[Media] = set()
        self.worst_late_ms = 0.0  # how late this process was: a gap of that size may be ours
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def running(cls) -> "Pacer":
        loop = asyncio.get_running_loop()
        if loop not in cls._of_loop:
            cls._of_loop[loop] = cls(loop)
        return cls._of_loop[loop]

    def add(self, stream: "Media") -> None:
        self.streams.add(stream)
        if not self._timer:
            self._due = self.loop.time()
            self._tick()

    def _tick(self) -> None:
        now = self.loop.time()
        self.worst_late_ms = max(self.worst_late_ms, (now - self._due) * 1000)
        if now - self._due > 0.5:  # no phone sends half a second at once
            self._due = now
        while self._due <= now:
            for stream in tuple(self.streams):
                stream.tick()
            self._due += 0.02
        if self.streams:
            self._timer = self.loop.call_at(self._due, self._tick)
        else:
            self._timer = None
            self._of_loop.pop(self.loop, None)


class Media(Waitable):
    """One party's audio in one call. `since` and `until` are times of `loop.time()`, in seconds."""

    def __init__(self, host: str, tone: int, active: bool = True) -> None:
        super().__init__()
        self.tone = tone  # Hz; 0 is silence
        self.context: Callable[[], str] = str  # what a failed wait says besides
        self.muted = False
        self.unplugged = False  # no sending, no hearing, and the port stays silent
        self.direction = "inactive"  # ours
        self.remote: Remote | None = None
        self.digits = ""  # keys heard (RFC 4733)
        self.arrivals = array.array("d")
        self.sent = self.ticks = self.lost = 0
        self.strange = 0  # RTP of another kind than PCMA in 20 ms
        self._audio = bytearray()
        self._pieces: deque[bytes] = deque()  # payloads to say instead of the tone
        self._keys: deque[tuple[int, int, int, bool]] = deque()  # (event, duration, repeats, first)
        self.sequence = 0  # of the next packet; real phones begin anywhere
        self._stamp, self._ssrc = 0, id(self) & 0xFFFFFFFF
        self._key_stamp = 0
        self._seen: tuple[int, int] | None = None  # (ssrc, sequence) of the last packet
        self._last_key_end = -1
        self._socket: socket.socket | None = None
        self.port = 9  # discard: a party without media
        if active:
            self._open(host)

    def _open(self, host: str) -> None:
        sock = self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind((host, 0))
        self.port = sock.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._readable)

    # -- out ------------------------------------------------------------------------------------------------

    def connect(self, remote: Remote, direction: str | None = None) -> None:
        """Talk to the peer of this SDP. `direction` is ours; by default the mirror of the peer's."""
        self.remote, self.direction = remote, direction or MIRROR[remote.direction]
        if self._socket:
            Pacer.running().add(self)

    def tick(self) -> None:
        """20 ms have passed: send what is due."""
        self.ticks += 1
        remote = self.remote
        if self._socket and not self.unplugged and remote and remote.port and self.direction in ("sendrecv", "sendonly"):
            if self._keys and remote.event is not None:
                event, duration, repeats, first = self._keys.popleft()
                if first:
                    self._key_stamp = self._stamp
                payload = struct.pack("!BBH", event, (0x80 if repeats > 1 else 0) | 10, duration)
                for _ in range(repeats):
                    self._send(remote, remote.event | (0x80 if first else 0), self._key_stamp, payload)
            elif self._pieces:
                self._send(remote, PCMA, self._stamp, self._pieces.popleft())
            elif not self.muted:
                payloads = sound.tone_payloads(self.tone)
                self._send(remote, PCMA, self._stamp, payloads[self._stamp // FRAME % WINDOW])
            self._stamp = (self._stamp + FRAME) & 0xFFFFFFFF
        if self._waiters:
            self.changed()

    def _send(self, remote: Remote, kind: int, stamp: int, payload: bytes) -> None:
        assert self._socket
        packet = struct.pack("!BBHII", 0x80, kind, self.sequence, stamp, self._ssrc) + payload
        self.sequence = (self.sequence + 1) & 0xFFFF
        try:
            self._socket.sendto(packet, (remote.host, remote.port))
            self.sent += 1
        except OSError:  # the peer is gone (ICMP) or the buffer is full: RTP does not care
            pass

    async def dtmf(self, digits: str, press_ms: int = 100, pause_ms: int = 100) -> None:
        """Press keys (RFC 4733); returns when the last is let go."""
        for digit in digits.upper():
            steps = max(press_ms // 20, 2)
            event = DIGITS.index(digit)
            self._keys.extend((event, FRAME * n, 1, n == 1) for n in range(1, steps))
            self._keys.append((event, FRAME * steps, 3, False))
            await self.until(lambda: not self._keys, 5 + press_ms / 1000, f"key {digit} sent")
            pressed = self.ticks
            await self.until(lambda p=pressed: self.ticks - p >= pause_ms // 20, 5, "pause between keys")  # type: ignore[misc]

    def say(self, samples: Samples) -> None:
        """Send this audio (int16, 8 kHz) once, then the tone again."""
        data = sound.to_alaw(samples)
        quiet = sound.to_alaw(np.zeros(1, np.int16))
        self._pieces.extend(data[i : i + FRAME].ljust(FRAME, quiet) for i in range(0, len(data), FRAME))

    async def said(self, timeout: float = 60) -> None:
        """Wait till everything given to `say` has been sent."""
        await self.until(lambda: not self._pieces, timeout, "all said")

    def close(self) -> None:
        """End sending and hearing; what was heard stays."""
        Pacer.running().streams.discard(self)
        if self._socket:
            self._readable()
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        self.direction = "inactive"
        self.changed()

    # -- in -------------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        assert self._socket
        for _ in range(64):
            try:
                data, extra, _, _ = self._socket.recvmsg(2048, 64)
            except (BlockingIOError, ConnectionError):
                break
            if len(data) > 12 and data[0] >> 6 == 2 and not self.unplugged:
                self._received(data, extra)
        if self._waiters:
            self.changed()

    def _received(self, data: bytes, extra: list[tuple[int, int, bytes]]) -> None:
        _, kind, sequence, stamp, ssrc = struct.unpack_from("!BBHII", data)
        kind &= 0x7F
        if self._seen and self._seen[0] == ssrc:
            ahead = (sequence - self._seen[1]) & 0xFFFF
            self.lost += ahead - 1 if 1 < ahead < 1000 else 0
        self._seen = (ssrc, sequence)
        if kind == PCMA and len(data) == 12 + FRAME:
            self.arrivals.append(arrival(extra, self._loop))
            self._audio += data[12:]
            if len(self.arrivals) > KEEP * 1.2:
                extra_packets = len(self.arrivals) - KEEP
                del self.arrivals[:extra_packets], self._audio[: extra_packets * FRAME]
        elif self.remote and kind == self.remote.event and len(data) >= 16:
            self._key(data[12], bool(data[13] & 0x80), stamp)
        elif not 72 <= kind <= 76:  # those are RTCP
            self.strange += 1

    def _key(self, event: int, end: bool, stamp: int) -> None:
        if end and stamp != self._last_key_end and event < len(DIGITS):  # the end comes three times
            self._last_key_end = stamp
            self.digits += DIGITS[event]

    def _range(self, since: float | None, until: float | None) -> tuple[int, int]:
        first = 0 if since is None else bisect_left(self.arrivals, since)
        last = len(self.arrivals) if until is None else bisect_left(self.arrivals, until)
        return first, max(first, last)

    def packets(self, since: float | None = None, until: float | None = None) -> int:
        """How many packets of audio came."""
        first, last = self._range(since, until)
        return last - first

    def _samples(self, first: int, last: int) -> Samples:
        return sound.from_alaw(bytes(memoryview(self._audio)[first * FRAME : last * FRAME]))

    def pcm(self, since: float | None = None, until: float | None = None, fill: bool = True) -> Samples:
        """What was heard, int16 at 8 kHz. Where nothing came there is silence of that length (`fill`)."""
        first, last = self._range(since, until)
        samples = self._samples(first, last)
        if not fill or last - first < 2:
            return samples
        came = np.frombuffer(self.arrivals, np.float64)[first:last]
        missing = np.rint(np.diff(came) / 0.02).astype(int) - 1
        places = np.flatnonzero(missing > 2)
        zeros = [np.zeros(missing[p] * FRAME, np.int16) for p in places]
        parts = np.split(samples, (places + 1) * FRAME)
        return np.concatenate([x for pair in itertools.zip_longest(parts, zeros) for x in pair if x is not None])

    def save_wav(self, path: str | Path, since: float | None = None, until: float | None = None) -> Path:
        """Write what was heard (mono, 16 bit, 8 kHz); returns the path."""
        return sound.write_wav(path, self.pcm(since, until))

    def level(self, hz: float, since: float | None = None, until: float | None = None) -> float:
        """Loudest the tone was for 200 ms, dB of full scale (parties send at -12; nothing is -120)."""
        return sound.level(self._samples(*self._range(since, until)), hz)

    def heard(self, hz: float, since: float | None = None, until: float | None = None, at_least: float = HEARD) -> bool:
        """Was the tone there for any 200 ms of that time?"""
        return self.level(hz, since, until) >= at_least

    def tones(self, since: float | None = None, until: float | None = None) -> list[int]:
        """Frequencies (Hz) that stand out in that time, loudest first."""
        return sound.tones(self._samples(*self._range(since, until)))

    def loudness(self, since: float | None = None, until: float | None = None) -> float:
        """RMS of all that was heard, dB of full scale."""
        return sound.loudness(self._samples(*self._range(since, until)))

    def worst_gap(self, since: float | None = None, until: float | None = None) -> float:
        """Longest time without a packet, ms: 20 is perfect. Edges of a given window count; inf if nothing came."""
        first, last = self._range(since, until)
        if first == last:
            return float("inf")
        edges = [*([since] if since is not None else []), *self.arrivals[first:last], *([until] if until else [])]
        return float(np.diff(edges).max(initial=0.0) * 1000)

    def tone_gap(self, hz: float, since: float | None = None, until: float | None = None) -> float:
        """Longest time without this tone, ms, measured in packets: 20 is perfect. inf if it never was there."""
        first, last = self._range(since, until)
        there = np.flatnonzero(sound.levels(self._samples(first, last), hz, 1) >= HEARD)
        if not there.size:
            return float("inf")
        came = np.frombuffer(self.arrivals, np.float64)[first:last][there]
        edges = [*([since] if since is not None else []), *came, *([until] if until else [])]
        return float(np.diff(edges).max(initial=0.0) * 1000)

    def describe(self) -> str:
        recent = max(0, len(self.arrivals) - 50)
        since = self.arrivals[recent] if self.arrivals else None
        return (
            f"audio: sent {self.sent} packets ({self.tone} Hz, {self.direction}), heard {len(self.arrivals)}, "
            f"lately {self.tones(since)} Hz, {self.strange} strange packets, keys {self.digits!r}\n{self.context()}"
        )

    async def hears(self, hz: float, timeout: float = 20.0) -> None:
        """Wait till the tone has been there for 200 ms without a break, counted from now."""
        start = len(self.arrivals)

        def there() -> bool:
            return len(self.arrivals) - start >= WINDOW and sound.level(self._last(WINDOW), hz) >= HEARD

        await self.until(there, timeout, f"{hz} Hz heard")

    async def hears_not(self, hz: float, packets: int = 25, timeout: float = 20.0) -> None:
        """Wait till `packets` packets in a row came without the tone (or nothing came at all for that long)."""
        await self._stretch(packets, lambda heard: sound.level(heard, hz) < HEARD, timeout, f"{hz} Hz not heard")

    async def hears_sound(self, timeout: float = 20.0) -> None:
        """Wait till half a second was not silent: music, a prompt, a voice."""
        start = len(self.arrivals)

        def there() -> bool:
            return len(self.arrivals) - start >= 25 and sound.loudness(self._last(25)) > QUIET

        await self.until(there, timeout, "any sound heard")

    async def hears_silence(self, packets: int = 25, timeout: float = 20.0) -> None:
        """Wait till `packets` packets in a row were silent, or nothing came at all for that long."""
        await self._stretch(packets, lambda heard: sound.loudness(heard) < QUIET, timeout, "silence")

    def _last(self, packets: int) -> Samples:
        return self._samples(max(0, len(self.arrivals) - packets), len(self.arrivals))

    async def _stretch(self, packets: int, holds: Callable[[Samples], bool], timeout: float, what: str) -> None:
        start, ticks = len(self.arrivals), self.ticks

        def stretched() -> bool:
            came, passed = len(self.arrivals) - start, self.ticks - ticks
            if not self._socket:  # hung up: nothing is heard
                return True
            if came < packets and passed < packets * (2 if came else 1):
                return False
            return holds(self._last(min(packets, came)))

        await self.until(stretched, timeout, f"{what} for {packets} packets")
