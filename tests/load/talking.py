"""Two hundred calls that talk, all recorded, while others come and go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg2

from tests.load.centre import Centre
from tests.load.machine import Meter
from tests.load.rounds import nothing_left, to_ringing
from tests.load.ua import Call, Party

TALKING = int(os.environ.get("BENCH_TALKING", "200"))
RATE = 2.0  # new calls a second
RAMP = 10.0  # new calls a second until all talk
HOLD = TALKING / RATE  # seconds a call lasts then
BYTES = 32_000  # a second of a recording as Asterisk writes it: two channels of 16 bits
SHORT = 0.5  # seconds a recording may be shorter than the talk
RECORDED_WITHIN = 60.0  # seconds after the end, for the record to know all recordings

Recordings = dict[int, float]  # seconds of audio, by the call's number


@contextlib.asynccontextmanager
async def canary() -> AsyncIterator[asyncio.subprocess.Process]:
    """The process of `tests.load.canary`."""
    pipe = asyncio.subprocess.PIPE
    bird = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.load.canary", stdin=pipe, stdout=pipe)
    try:
        yield bird
    finally:
        if bird.returncode is None:
            bird.kill()
        await bird.wait()


async def _said(bird: asyncio.subprocess.Process) -> Any:
    assert bird.stdout
    return json.loads(await asyncio.wait_for(bird.stdout.readline(), 20))


async def talk(
    centre: Centre, party: Party, dnis: str, parts: tuple[str, ...], seconds: float
) -> tuple[dict[str, Any], list[Call]]:
    """`seconds` of two hundred talking calls; what is to be said of it, and the calls."""
    loop = asyncio.get_running_loop()
    party.take_phones(media=True, ring=0.5)
    start = loop.time()
    early: list[Call] = []
    for n in range(TALKING):
        await asyncio.sleep(start + n / RAMP - loop.time())
        early.append(party.dial(dnis, (TALKING - n) / RAMP + (n + 1) / RATE))
    pump = party.callers.pump
    async with canary() as bird:
        assert bird.stdin
        heard = party.dial(dnis, None, tuple(await _said(bird)))
        await _until(lambda: bool(heard.connected and heard.answered))
        bird.stdin.write(json.dumps(heard.asterisk).encode() + b"\n")
        calls, fewest = [heard], TALKING
        pump.late, sent, start = 0.0, pump.sent, loop.time()
        meter = Meter(centre.pids(), start)
        for n in range(int(seconds * RATE)):
            await asyncio.sleep(start + n / RATE - loop.time())
            fewest = min(fewest, sum(1 for call in party.callers.calls.values() if call.connected))
            calls.append(party.dial(dnis, HOLD))
        await asyncio.sleep(start + seconds - loop.time())
        spent = meter.read(loop.time())
        sent = pump.sent - sent
        late = pump.late
        bird.stdin.write(b"\n")
        gaps = await _said(bird)
    for call in list(party.callers.calls.values()):
        party.callers.hang_up(call)
        await asyncio.sleep(0.02)
    await party.callers.all_ended(within=15)
    await nothing_left(centre)
    everybody = early + calls
    rang = sorted(to_ringing(call) * 1000 for call in calls if call.offered)
    share = {part: round(ms / spent.seconds / 10, 1) for part, ms in spent.ms.items()}
    return {
        "calls": len(everybody),
        "failed": dict(Counter(call.trouble for call in everybody if call.trouble)),
        "fewest_talking": fewest,
        "worst_gap_ms": max(gaps["caller"], gaps["agent"]),
        "canary": gaps,
        "ringing_p99_ms": round(rang[int(len(rang) * 0.99)], 1) if rang else None,
        "cpu_percent_of_a_core": round(sum(share.get(part, 0.0) for part in parts), 1),
        "cpu_percent_by_part": share,
        "strangers": round(spent.strangers, 2),
        "packets_a_second": round(sent / spent.seconds),
        "load_late_ms": round(late * 1000, 1),
    }, everybody


async def _until(condition: Any, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the canary's call was not connected")
        await asyncio.sleep(0.01)


def complete(calls: list[Call], recordings: Recordings) -> dict[str, int]:
    """How many calls have a recording, and how many recordings are shorter than the talk."""
    talked = [call for call in calls if call.connected and call.hung_up]
    there = [call for call in talked if call.number in recordings]
    short = sum(recordings[call.number] < call.hung_up - call.connected - SHORT for call in there)
    return {"talked": len(talked), "recordings": len(there), "short": short}


async def our_recordings(centre: Centre, calls: list[Call]) -> Recordings:
    """What the record knows; waits until it knows of every call, but not for ever."""
    numbers = {call.ani[-8:]: call.number for call in calls}

    def ask() -> Recordings:
        connection = psycopg2.connect(centre.described["database_url"])
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT right(c.ani, 8), r.bytes FROM calls_recording r JOIN calls_call c ON c.id = r.call "
                    "WHERE r.state = 'raw' AND right(c.ani, 8) = ANY(%s)",
                    [list(numbers)],
                )
                return {numbers[ani]: size / BYTES for ani, size in cursor.fetchall()}
        finally:
            connection.close()

    deadline = time.monotonic() + RECORDED_WITHIN
    while True:
        found = await asyncio.to_thread(ask)
        if len(found) >= len(calls) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(1)


def peer_recordings(centre: Centre, calls: list[Call]) -> dict[str, int]:
    """app_queue's files are named by channel, so only their number and length as a whole can be judged; they are deleted."""
    files = list(Path(centre.state / "asterisk/spool/monitor").glob("bench-*.raw"))
    written = sum(file.stat().st_size for file in files) / BYTES
    for file in files:
        file.unlink()
    talked = [call for call in calls if call.connected and call.hung_up]
    wanted = sum(call.hung_up - call.connected for call in talked)
    return {"talked": len(talked), "recordings": len(files), "short": int(written < wanted - SHORT * len(talked))}
