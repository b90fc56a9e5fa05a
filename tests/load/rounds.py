"""Rounds of calls, ours and the peer's in turn on the same Asterisk, and what comes of them."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.load.centre import Centre
from tests.load.machine import Meter, Spent, strangers_now
from tests.load.ua import Call, Party

ON_THE_PATH = ("asterisk", "cti", "agi")  # what a call goes through; the peer's needs Asterisk alone
QUIET = 0.10  # of the machine: more than that taken by strangers spoils a round
PATIENCE = float(os.environ.get("BENCH_PATIENCE", "20"))  # seconds to wait for quiet, and as often a round is repeated:
ATTEMPTS = int(os.environ.get("BENCH_ATTEMPTS", "2"))

Interval = Callable[[Call], float]


def to_ringing(call: Call) -> float:
    """Caller's INVITE to the phone's INVITE, seconds."""
    return call.offered - call.sent if call.offered else 0.0


def to_answer(call: Call) -> float:
    """Caller's INVITE to the centre's 200, seconds."""
    return call.answered - call.sent if call.answered else 0.0


@dataclass(frozen=True)
class Round:
    """One round of one side. Times in ms."""

    times: list[float]
    troubles: Counter[str]
    spent: Spent
    calls: int
    late: float  # ms, the worst delay of an INVITE of ours
    repeats: int  # messages sent again because nothing came back in half a second

    def at(self, share: float) -> float:
        """The quantile; infinite when that many calls never got there."""
        place = int(share * self.calls)
        return self.times[place] if place < len(self.times) else float("inf")

    def cpu(self, *parts: str) -> float:
        """CPU ms a call."""
        return sum(self.spent.ms.get(part, 0.0) for part in parts) / self.calls


@dataclass
class Side:
    """Ours, or the peer's: who calls what, and the rounds so far."""

    name: str
    party: Party
    dnis: str
    parts: tuple[str, ...]
    rounds: list[Round] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """The median of the rounds; `worst_p99_ms` is the worst round's."""
        rounds = self.rounds
        troubles = sum((r.troubles for r in rounds), Counter[str]())
        found = {
            "p50_ms": _middle(rounds, lambda r: r.at(0.5)),
            "p95_ms": _middle(rounds, lambda r: r.at(0.95)),
            "p99_ms": _middle(rounds, lambda r: r.at(0.99)),
            "worst_p99_ms": round(max(r.at(0.99) for r in rounds), 1),
            "cpu_ms_per_call": _middle(rounds, lambda r: r.cpu(*self.parts)),
        }
        for part in self.parts:
            found[f"cpu_{part}"] = _middle(rounds, lambda r, part=part: r.cpu(part))
        return found | {"calls": sum(r.calls for r in rounds), "failed": dict(troubles)}


def _middle(rounds: list[Round], what: Callable[[Round], float]) -> float:
    return round(median(map(what, rounds)), 2)


async def quiet(meter_parts: dict[str, int]) -> None:
    """Wait until strangers leave the machine alone, but not for ever."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and await strangers_now(meter_parts) > QUIET:
        pass


async def one_round(
    centre: Centre, side: Side, interval: Interval, rate: float, seconds: float, seed: int, talk: float, alone: bool
) -> Round:
    """Play one round; played again while strangers disturb it, the least disturbed counts."""
    best: Round | None = None
    side.party.take_phones(alone=alone)
    for _ in range(ATTEMPTS):
        parts = centre.pids()
        await quiet(parts)
        doors = (side.party.callers.door, side.party.phones.door)
        repeats = sum(door.repeats for door in doors)
        meter = Meter(parts, time.monotonic())
        calls = await side.party.play(side.dnis, rate, seconds, talk, seed)
        spent = meter.read(time.monotonic())
        times = sorted(ms for call in calls if (ms := interval(call) * 1000))
        troubles = Counter(call.trouble for call in calls if call.trouble)
        again = sum(door.repeats for door in doors) - repeats
        done = Round(times, troubles, spent, len(calls), side.party.late * 1000, again)
        if best is None or done.spent.strangers < best.spent.strangers:
            best = done
        if best.spent.strangers <= QUIET:
            break
    assert best
    return best


async def in_turn(
    centre: Centre,
    ours: Side,
    peer: Side,
    interval: Interval,
    *,
    rate: float,
    rounds: int,
    seconds: float,
    talk: float = 0.5,
    alone: bool = False,
) -> dict[str, Any]:
    """Rounds of both sides in turn, with the same times of arrival. Says what became of them, without "measure"."""
    for number in range(rounds):
        for side in (ours, peer) if number % 2 == 0 else (peer, ours):
            if side is peer and not alone:
                await centre.members(present=True)
            side.rounds.append(await one_round(centre, side, interval, rate, seconds, number, talk, alone))
            if side is peer and not alone:
                await centre.members(present=False)
            await nothing_left(centre)
    mine, theirs = ours.report(), peer.report()
    ratio = {key: _ratio(mine[key], theirs[key]) for key in ("p50_ms", "p95_ms", "p99_ms", "cpu_ms_per_call")}
    every = [*ours.rounds, *peer.rounds]
    recorder = _middle(ours.rounds, lambda r: r.cpu("recorder", "postgres"))
    return {
        "ours": mine | {"cpu_recorder_and_postgres": recorder},
        "peer": theirs,
        "ratio": {key.removesuffix("_ms"): value for key, value in ratio.items()},
        "rounds": rounds,
        "strangers": round(max(r.spent.strangers for r in every), 2),
        "load_late_ms": round(max(r.late for r in every), 1),
        "sent_again": sum(r.repeats for r in every),
        "each": [[round(x, 1) for x in (r.at(0.5), r.at(0.99), r.cpu(*ON_THE_PATH), r.spent.strangers)] for r in every],
    }


def _ratio(mine: float, theirs: float) -> float | None:
    return round(mine / theirs, 2) if theirs not in (0.0, float("inf")) and mine != float("inf") else None


async def nothing_left(centre: Centre, within: float = 60.0) -> None:
    """Wait until no channel is left. RuntimeError when one stays."""
    deadline = time.monotonic() + within
    while (left := (await centre.left())[0]) and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    if left:
        raise RuntimeError(f"{left} channels are left on Asterisk after a round")
