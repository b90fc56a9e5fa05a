"""The canary's ears: both ends of one call's audio, in a process of its own that is late for nobody's sake.

Started by `talking`. First it prints its two ports, [caller's, agent's], as JSON; then it reads where Asterisk wants their audio,
likewise; at the end of its input it prints {"caller": worst gap, "agent": worst gap, "late": its own, "lost": packets}, in ms.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys

from tests.phones import Media, Pacer
from tests.phones.message import Remote

SETTLE = 1.0  # seconds after the connection: the learning of addresses is not a gap


async def line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


async def main() -> None:
    with contextlib.suppress(PermissionError, OSError):  # a phone of its own would not share the processor
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    ears = [Media("127.0.0.1", tone) for tone in (450, 1650)]
    print(json.dumps([ear.port for ear in ears]), flush=True)
    for ear, port in zip(ears, json.loads(await line()), strict=True):
        ear.connect(Remote("127.0.0.1", port, "sendrecv", None, True))
    loop = asyncio.get_running_loop()
    since = loop.time() + SETTLE
    await asyncio.sleep(SETTLE)
    pacer = Pacer.running()
    pacer.worst_late_ms = 0.0
    await line()
    until = loop.time() - 0.1
    names = ("caller", "agent")
    heard: dict[str, float] = {name: round(ear.worst_gap(since, until), 1) for name, ear in zip(names, ears, strict=True)}
    heard |= {"late": round(pacer.worst_late_ms, 1), "lost": sum(ear.lost for ear in ears)}
    heard["packets"] = sum(ear.packets(since, until) for ear in ears)
    print(json.dumps(heard), flush=True)
    for ear in ears:
        ear.close()


if __name__ == "__main__":
    asyncio.run(main())
