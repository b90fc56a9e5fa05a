"""What the machine is, and where its time goes: CPU of our processes and of everybody else's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICK = 1000 / os.sysconf("SC_CLK_TCK")  # ms
CORES = os.cpu_count() or 1


def describe() -> dict[str, object]:
    """Processor, cores, memory, kernel, Python."""
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), "?")
    mhz = next((float(line.partition(":")[2]) for line in info.splitlines() if line.startswith("cpu MHz")), 0.0)
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {
        "cpu": model,
        "mhz": round(mhz),
        "cores": CORES,
        "memory_mb": memory,
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _processes() -> Iterator[tuple[int, int, float]]:
    """Of every process: its id, its session, the CPU time (ms) of it and of the children it has waited for."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(path.parent.name), int(fields[3]), sum(map(int, fields[11:15])) * TICK


def cpu_of(parts: dict[str, int]) -> dict[str, float]:
    """CPU time so far, ms, by part: each is the leader of a session, whose processes are added up. "load" is ourselves."""
    names = {session: name for name, session in parts.items()}
    spent = dict.fromkeys([*parts, "load"], 0.0)
    for pid, session, ms in _processes():
        if pid == os.getpid():
            spent["load"] += ms
        elif session in names:
            spent[names[session]] += ms
    return spent


def _machine_busy() -> tuple[float, float]:
    """Busy time of all cores, ms, and time stolen by the machine's host."""
    fields = [int(x) for x in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]]
    user, nice, system, _, _, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq) * TICK, steal * TICK


@dataclass(frozen=True)
class Spent:
    """CPU between two moments: ms by part, and the share of the whole machine (0 to 1) that went to strangers."""

    ms: dict[str, float]
    strangers: float
    seconds: float


class Meter:
    """Begins when made; `read` says what was spent since."""

    def __init__(self, parts: dict[str, int], begun: float) -> None:
        """`parts`: pids by name; what is not among them and not this process is a stranger. `begun`: seconds."""
        self._parts, self._begun = parts, begun
        self._first = cpu_of(parts)
        self._machine = sum(_machine_busy())

    def read(self, now: float) -> Spent:
        ms = {name: spent - self._first[name] for name, spent in cpu_of(self._parts).items()}
        seconds = max(now - self._begun, 0.001)
        others = sum(_machine_busy()) - self._machine - sum(ms.values())
        return Spent(ms, max(0.0, others) / (seconds * 1000 * CORES), seconds)


async def strangers_now(parts: dict[str, int], seconds: float = 1.0) -> float:
    """The share of the machine that strangers take, looked at for so long."""
    loop = asyncio.get_running_loop()
    meter = Meter(parts, loop.time())
    await asyncio.sleep(seconds)
    return meter.read(loop.time()).strangers


def favour(parts: dict[str, int], nice: int) -> None:
    """Put all parts and this process before strangers, each by the same step: what they cost one another stays.

    For a machine that others use at the same time. Needs root; without it, or for 0, nothing happens.
    """
    sessions = {*parts.values(), os.getsid(0)}
    for pid, session, _ in _processes():
        if nice and session in sessions:
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/autogroup").write_text(str(nice))
            for thread in Path(f"/proc/{pid}/task").glob("*"):
                with contextlib.suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, int(thread.name), nice)
