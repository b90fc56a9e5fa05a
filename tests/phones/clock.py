"""When a packet came: the kernel's stamp, on the clock of the event loop. So a busy test process blurs no measurement."""

import asyncio
import struct
import time

SO_TIMESTAMPNS = 35  # of Linux; not in Python's socket module

_offset = time.clock_gettime(time.CLOCK_MONOTONIC) - time.clock_gettime(time.CLOCK_REALTIME)


def arrival(ancillary: list[tuple[int, int, bytes]], loop: asyncio.AbstractEventLoop) -> float:
    """Seconds of `loop.time()` from what recvmsg says; now, where the kernel gives no stamp."""
    for _, kind, data in ancillary:
        if kind == SO_TIMESTAMPNS:
            seconds, nanos = struct.unpack("qq", data[:16])
            return float(seconds + nanos / 1e9 + _offset)
    return loop.time()
