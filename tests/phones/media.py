"""RTP of the test parties: every party says its own tone and keeps all it hears, with the time it came.

A tone is a multiple of 5 Hz, so ten packets (200 ms) hold whole periods of every tone: the payloads repeat and
need no computing, and in ten packets heard the tones of different parties do not leak into one another.
Arrival times are the kernel's, so a busy test process does not make gaps of its own.
"""

import array
import asyncio
import itertools
import socket
import struct
import wave
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .clock import SO_TIMESTAMPNS, arrival
from .message import MIRROR, PCMA, Remote
from .waiting import Waitable

RATE = 8000
FRAME = 160  # samples in a packet of 20 ms
WINDOW = 10  # packets looked at together: 200 ms, a resolution of 5 Hz
LOUD = 0.25  # amplitude sent, of full scale: three parties together do not clip
HEARD = -24.0  # dB of full scale from which a tone counts as heard (sent: -12)
DIGITS = "0123456789*#ABCD"
KEEP = 600 * 50  # packets kept of what was heard: ten minutes

Samples = np.ndarray[Any, np.dtype[np.int16]]

_tones: Iterator[int] = itertools.cycle([*range(600, 3300, 50), *range(625, 3300, 50)])


def next_tone() -> int:
    """A tone no other party has (there are 108 before they repeat)."""
    return next(_tones)


@cache
def _decode_table() -> Samples:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


@cache
def _encode_table() -> np.ndarray[Any, np.dtype[np.uint8]]:
    levels = _decode_table().astype(np.int32)
    order = np.argsort(levels)
    middles = (levels[order][1:] + levels[order][:-1]) / 2
    return order[np.searchsorted(middles, np.arange(-32768, 32768))].astype(np.uint8)


def from_alaw(data: bytes) -> Samples:
    return _decode_table()[np.frombuffer(data, np.uint8)]


def to_alaw(samples: Samples) -> bytes:
    return _encode_table()[samples.astype(np.int32) + 32768].tobytes()


@cache
def _tone_payloads(hz: int) -> tuple[bytes, ...]:
    phase = 2 * np.pi * hz * np.arange(FRAME * WINDOW) / RATE
    data = to_alaw((np.sin(phase) * LOUD * 32767).astype(np.int16))
    return tuple(data[i : i + FRAME] for i in range(0, len(data), FRAME))


def tone_bytes(hz: int, seconds: int) -> bytes:
    """A tone as raw A-law, for whoever plays files."""
    return b"".join(_tone_payloads(hz)) * (seconds * RATE // (FRAME * WINDOW))


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
        self.muted = False
        self.direction = "inactive"  # ours
        self.remote: Remote | None = None
        self.digits = ""  # keys heard (RFC 4733)
        self.arrivals = array.array("d")
        self.sent = self.ticks = self.lost = 0
        self._audio = bytearray()
        self._pieces: deque[bytes] = deque()  # payloads to say instead of the tone
        self._keys: deque[tuple[int, int, int, bool]] = deque()  # (event, duration, repeats, first)
        self._sequence, self._stamp, self._ssrc = 0, 0, id(self) & 0xFFFFFFFF
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
        if self._socket and remote and remote.port and self.direction in ("sendrecv", "sendonly"):
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
                payloads = _tone_payloads(self.tone)
                self._send(remote, PCMA, self._stamp, payloads[self._stamp // FRAME % WINDOW])
            self._stamp = (self._stamp + FRAME) & 0xFFFFFFFF
        if self._waiters:
            self.changed()

    def _send(self, remote: Remote, kind: int, stamp: int, payload: bytes) -> None:
        assert self._socket
        packet = struct.pack("!BBHII", 0x80, kind, self._sequence, stamp, self._ssrc) + payload
        self._sequence = (self._sequence + 1) & 0xFFFF
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
        data = to_alaw(samples)
        quiet = to_alaw(np.zeros(1, np.int16))
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
            if len(data) > 12 and data[0] >> 6 == 2:
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
        return from_alaw(bytes(memoryview(self._audio)[first * FRAME : last * FRAME]))

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
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(self.pcm(since, until).tobytes())
        return Path(path)

    def _levels(self, hz: float, first: int, last: int, window: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """dB of full scale of one tone in every run of `window` packets."""
        frames = self._samples(first, last).reshape(-1, FRAME) / 32768
        if len(frames) < window:
            return np.empty(0)
        turn = np.exp(-2j * np.pi * hz * np.arange(FRAME) / RATE)
        steps = np.exp(-2j * np.pi * hz * FRAME * np.arange(len(frames)) / RATE)
        sums = np.concatenate([[0], np.cumsum((frames @ turn) * steps)])
        size = 2 * np.abs(sums[window:] - sums[:-window]) / (window * FRAME)
        levels: np.ndarray[Any, np.dtype[np.float64]] = 20 * np.log10(np.maximum(size, 1e-6))
        return levels

    def level(self, hz: float, since: float | None = None, until: float | None = None) -> float:
        """Loudest the tone was for 200 ms, dB of full scale (parties send at -12; nothing is -120)."""
        levels = self._levels(hz, *self._range(since, until), WINDOW)
        return float(levels.max()) if levels.size else -120.0

    def heard(self, hz: float, since: float | None = None, until: float | None = None, at_least: float = HEARD) -> bool:
        """Was the tone there for any 200 ms of that time?"""
        return self.level(hz, since, until) >= at_least

    def tones(self, since: float | None = None, until: float | None = None) -> list[int]:
        """Frequencies (Hz, rounded to 5) that stand out in that time, loudest first."""
        first, last = self._range(since, until)
        frames = self._samples(first, last)[: (last - first) // WINDOW * WINDOW * FRAME] / 32768
        if not frames.size:
            return []
        blocks = frames.reshape(-1, WINDOW * FRAME)
        spectrum = (2 * np.abs(np.fft.rfft(blocks, axis=1)) / (WINDOW * FRAME)).max(axis=0)
        loud = np.flatnonzero(spectrum > 10 ** (HEARD / 20))
        return [int(i) * RATE // (WINDOW * FRAME) for i in loud[np.argsort(-spectrum[loud])]][:12]

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
        there = np.flatnonzero(self._levels(hz, first, last, 1) >= HEARD)
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
            f"lately {self.tones(since)} Hz, keys {self.digits!r}"
        )

    async def hears(self, hz: float, timeout: float = 3.0) -> None:
        """Wait till the tone has been there for 200 ms without a break, counted from now."""
        start = len(self.arrivals)

        def there() -> bool:
            count = len(self.arrivals)
            return count - start >= WINDOW and bool(self._levels(hz, count - WINDOW, count, WINDOW)[0] >= HEARD)

        await self.until(there, timeout, f"{hz} Hz heard")

    async def hears_not(self, hz: float, packets: int = 25, timeout: float = 3.0) -> None:
        """Wait till `packets` packets in a row came without the tone (or nothing came at all for that long)."""
        start, ticks = len(self.arrivals), self.ticks

        def absent() -> bool:
            count = len(self.arrivals)
            if not self._socket:  # hung up
                return True
            if count - start < packets and self.ticks - ticks < packets * (1 if count == start else 2):
                return False
            first = max(start, count - packets)
            levels = self._levels(hz, first, count, min(WINDOW, max(count - first, 1)))
            return not levels.size or bool(levels.max() < HEARD)

        await self.until(absent, timeout, f"{hz} Hz not heard for {packets} packets")
