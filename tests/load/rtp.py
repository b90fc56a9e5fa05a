"""Audio for hundreds of calls at the price of one: all streams leave from one socket, a whole group by one system call.

What Asterisk sends back is dropped by the kernel (a tiny buffer that nobody reads). The proof that audio arrived are the
recordings. Each stream says a tone that is a multiple of 50 Hz, so that every packet's payload is the same.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket

import numpy as np

from tests.phones.message import PCMA
from tests.phones.sound import FRAME, LOUD, RATE, to_alaw

GROUPS = 10  # streams are spread over the 20 ms in so many groups
ROOM = 128  # streams in a group
TICK = 0.02 / GROUPS

_PACKET = np.dtype(
    [("v", "u1"), ("kind", "u1"), ("sequence", ">u2"), ("stamp", ">u4"), ("ssrc", ">u4"), ("payload", "u1", FRAME)]
)
_ADDRESS = np.dtype([("family", "u2"), ("port", ">u2"), ("host", "u1", 4), ("zero", "u8")])
_VECTOR = np.dtype([("base", "u8"), ("size", "u8")])
_HEADER = np.dtype(  # struct mmsghdr on 64 bits
    {
        "names": ["name", "name_size", "vector", "vectors"],
        "formats": ["u8", "u4", "u8", "u8"],
        "offsets": [0, 8, 16, 24],
        "itemsize": 64,
    }
)
_LIBC = ctypes.CDLL(None)


def payload(hz: int) -> np.ndarray:
    """20 ms of a tone, A-law."""
    sine = np.sin(2 * np.pi * hz * np.arange(FRAME) / RATE)
    return np.frombuffer(to_alaw((sine * LOUD * 32767).astype(np.int16)), np.uint8)


class Stream:
    """One party's voice. `index` moves when another stream ends."""

    __slots__ = ("group", "index")

    def __init__(self, group: int, index: int) -> None:
        self.group, self.index = group, index


class Pump:
    """Every 20 ms a packet of each stream. `late` is the worst delay of a group, in seconds."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host, self.late, self.sent = host, 0.0, 0
        self._rtp, self._rtcp = _even_pair(host)
        self.port: int = self._rtp.getsockname()[1]
        size = GROUPS * ROOM
        self._packets = np.zeros(size, _PACKET)
        self._packets["v"], self._packets["kind"] = 0x80, PCMA
        self._addresses = np.zeros(size, _ADDRESS)
        self._addresses["family"] = socket.AF_INET
        self._addresses["host"] = np.frombuffer(socket.inet_aton(host), np.uint8)
        self._vectors = np.zeros(size, _VECTOR)
        self._vectors["base"] = self._packets.ctypes.data + np.arange(size) * _PACKET.itemsize
        self._vectors["size"] = _PACKET.itemsize
        self._headers = np.zeros(size, _HEADER)
        self._headers["name"] = self._addresses.ctypes.data + np.arange(size) * _ADDRESS.itemsize
        self._headers["name_size"] = _ADDRESS.itemsize
        self._headers["vector"] = self._vectors.ctypes.data + np.arange(size) * _VECTOR.itemsize
        self._headers["vectors"] = 1
        self._groups: list[list[Stream]] = [[] for _ in range(GROUPS)]
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._turn = self._ssrc = 0
        self._timer = self._loop.call_at(self._due, self._tick)

    @property
    def streams(self) -> int:
        return sum(map(len, self._groups))

    def add(self, port: int, hz: int) -> Stream:
        """Talk to that port of the host from now on."""
        group = min(range(GROUPS), key=lambda g: len(self._groups[g]))
        stream = Stream(group, len(self._groups[group]))
        if stream.index == ROOM:
            raise RuntimeError(f"more than {GROUPS * ROOM} streams")
        at = group * ROOM + stream.index
        self._ssrc += 1
        self._packets[at] = (0x80, PCMA, 0, 0, self._ssrc, payload(hz))
        self._addresses["port"][at] = port
        self._groups[group].append(stream)
        return stream

    def remove(self, stream: Stream) -> None:
        streams = self._groups[stream.group]
        last = streams.pop()
        if last is not stream:  # the last takes the place that is free
            here, there = stream.group * ROOM + stream.index, last.group * ROOM + last.index
            self._packets[here] = self._packets[there]
            self._addresses[here] = self._addresses[there]
            last.index = stream.index
            streams[last.index] = last

    def _tick(self) -> None:
        now = self._loop.time()
        self.late = max(self.late, now - self._due)
        if now - self._due > 0.5:
            self._due = now
        while self._due <= now:
            self._send(self._turn)
            self._turn = (self._turn + 1) % GROUPS
            self._due += TICK
        self._timer = self._loop.call_at(self._due, self._tick)

    def _send(self, group: int) -> None:
        first, count = group * ROOM, len(self._groups[group])
        if not count:
            return
        packets = self._packets[first : first + count]
        packets["sequence"] += 1
        packets["stamp"] += FRAME
        done = 0
        while done < count:
            where = ctypes.c_void_p(self._headers.ctypes.data + (first + done) * _HEADER.itemsize)
            sent = _LIBC.sendmmsg(self._rtp.fileno(), where, count - done, 0)
            done += max(sent, 1)  # -1: a full buffer, or an ICMP from a call that has just ended; that packet is lost
        self.sent += count

    def close(self) -> None:
        self._timer.cancel()
        self._rtp.close()
        self._rtcp.close()


def _even_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """A free even port for RTP and the next for RTCP, so that no report meets a closed door."""
    while True:
        rtp, rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        rtp.bind((host, 0))
        port = rtp.getsockname()[1]
        try:
            if port % 2 == 0:
                rtcp.bind((host, port + 1))
                for sock in (rtp, rtcp):
                    sock.setblocking(False)
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                return rtp, rtcp
        except OSError:
            pass
        rtp.close()
        rtcp.close()
