"""The benchmarks: `python -m tests.load.bench [--only NAME,NAME] [--state DIR]`, or `make bench`.

Each measure is one JSON line on standard output: {"measure", "ours", "peer", "ratio", ...}; build/bench.json keeps all of
them and the machine. The peer is app_queue (and the dialplan, for the menu) in the same Asterisk, with the same phones and
the same measuring party, in turn with us. Figures are medians over rounds, as the machine may not be ours alone. What only we
do (desks, surge) has no peer; surge is a TV spot from its first call to the last call back, on a stack of its own.

BENCH_SECONDS (300) of BENCH_TALKING (200) recorded calls; BENCH_ROUNDS (3) of BENCH_ROUND_SECONDS (10) each; BENCH_RATES (10,40,80).
A round during which others take much of the machine is played again (BENCH_ATTEMPTS, 2), after a wait for quiet
(BENCH_PATIENCE, 20 s at most). BENCH_PRIORITY (0): a nice value for all parts of the stack and the bench, against strangers.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import uvloop

from deploy.layout import REPO
from tests.load import desks, machine, surge, talking
from tests.load.centre import PEER_HOST, Centre
from tests.load.rounds import ON_THE_PATH, Side, in_turn, nothing_left, one_round, to_answer, to_ringing
from tests.load.rtp import Pump
from tests.load.ua import Callers, Party, Phones
from tests.stacks import running

AGENTS = 300
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("BENCH_ROUND_SECONDS", "10"))
RATES = tuple(float(rate) for rate in os.environ.get("BENCH_RATES", "10,40,80").split(","))
TALK_SECONDS = float(os.environ.get("BENCH_SECONDS", "300"))
PEER_TALK_SECONDS = min(60.0, TALK_SECONDS)
WARM_UPS = 3
PRIORITY = int(os.environ.get("BENCH_PRIORITY", "0"))
NAMES = ("offered", "ivr", "talking", "desks", "surge", "core")
ALONE = ("surge", "core")  # with a stack of their own, or none
ASKED = {  # at 40 calls a second, of the issue
    "offered": {"p50": 1.5, "p99": 2.0, "cpu": 2.5},
    "ivr": {"p99_ms": 100},
    "talking": {"worst_gap_ms": 60, "failed": 0},
}
PEER = ("asterisk",)

Result = dict[str, Any]


def say(text: str) -> None:
    """Progress, beside the results."""
    print(text, file=sys.stderr, flush=True)


class Bench:
    """Phones registered, agents ready, callers on both trunks."""

    def __init__(self, centre: Centre, ours: Party, peer: Party) -> None:
        self.centre, self.ours, self.peer = centre, ours, peer

    def sides(self, number: str, peer_exten: str) -> tuple[Side, Side]:
        dnis = self.centre.numbers[number]
        return Side("ours", self.ours, dnis, ON_THE_PATH), Side("peer", self.peer, peer_exten, PEER)

    async def warm_up(self) -> None:
        """What is done only once is not to be measured: both ways are played till all is well. RuntimeError if it never is."""
        await self.centre.members(present=True)
        for side in self.sides("direct", "queue"):
            for _ in range(WARM_UPS):
                warm = await one_round(self.centre, side, to_ringing, 10, 3, 0, 0.5, False)
                await nothing_left(self.centre)
                if not warm.troubles:
                    break
                say(f"warming up, {side.name}: {dict(warm.troubles)} of {warm.calls}")
            else:
                raise RuntimeError(f"{side.name}: calls fail before anything is measured")
        await self.centre.members(present=False)

    async def offered(self) -> AsyncIterator[Result]:
        for rate in RATES:
            sides = self.sides("direct", "queue")
            found = await in_turn(self.centre, *sides, to_ringing, rate=rate, rounds=ROUNDS, seconds=SECONDS)
            name = f"offered to ringing, {rate:g} calls/s, {len(self.centre.logins)} agents"
            yield {"measure": name, **found, **({"asked": ASKED["offered"]} if rate == 40 else {})}

    async def ivr(self) -> AsyncIterator[Result]:
        sides = self.sides("menu", "menu")
        found = await in_turn(self.centre, *sides, to_answer, rate=40, rounds=ROUNDS, seconds=SECONDS, talk=1.0, alone=True)
        yield {"measure": "INVITE to the menu's answer, 40 calls/s", **found, "asked": ASKED["ivr"]}

    async def talking(self) -> AsyncIterator[Result]:
        number = self.centre.numbers["recorded"]
        mine, calls = await talking.talk(self.centre, self.ours, number, ON_THE_PATH, TALK_SECONDS)
        kept = await talking.our_recordings(self.centre, [call for call in calls if call.connected])
        mine["recorded"] = talking.complete(calls, kept)
        await self.centre.members(present=True)
        theirs, calls = await talking.talk(self.centre, self.peer, "recorded", PEER, PEER_TALK_SECONDS)
        await self.centre.members(present=False)
        theirs["recorded"] = talking.peer_recordings(self.centre, calls)
        ratio = round(mine["cpu_percent_of_a_core"] / theirs["cpu_percent_of_a_core"], 2)
        name = f"{talking.TALKING} calls talking, recorded, {talking.RATE:g} new calls/s for {TALK_SECONDS:g} s"
        yield {"measure": name, "ours": mine, "peer": theirs, "ratio": {"cpu": ratio}, "asked": ASKED["talking"]}

    async def desks(self) -> AsyncIterator[Result]:
        async for result in desks.measure(self.centre, self.ours, say):
            yield result


@asynccontextmanager
async def ready(state: Path) -> AsyncIterator[Bench]:
    """Everything in place on the stack in `state`."""
    async with AsyncExitStack() as end:
        centre = await end.enter_async_context(Centre(state))
        pump = Pump()
        end.callback(pump.close)
        phones = Phones("127.0.0.1", centre.sip, pump)
        callers = [Callers(host, centre.sip, pump) for host in ("127.0.0.1", PEER_HOST)]
        for party in (phones, *callers):
            end.callback(party.door.close)
        say(f"{len(centre.logins)} phones register, their agents sign in")
        await centre.register(phones)
        await centre.sign_in(centre.logins)
        await centre.make_peer()
        yield Bench(centre, Party(callers[0], phones), Party(callers[1], phones))


async def measure(state: Path, chosen: list[str], keep: list[Result]) -> None:
    async with ready(state) as bench:
        machine.favour(bench.centre.pids(), PRIORITY)
        await bench.warm_up()
        for name in chosen:
            say(f"measuring: {name}")
            async for result in getattr(bench, name)():
                print(json.dumps(result), flush=True)
                keep.append(result)


def core() -> list[Result]:
    """The core alone, which has a program of its own."""
    if importlib.util.find_spec("tests.load.bench_core") is None:
        say("tests/load/bench_core.py is not there: the core alone is left out")
        return []
    done = subprocess.run(
        [sys.executable, "-m", "tests.load.bench_core"], stdout=subprocess.PIPE, text=True, check=True, cwd=REPO
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    print("\n".join(lines), flush=True)
    return [json.loads(line) for line in lines]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.bench", description=__doc__)
    parser.add_argument("--only", default=",".join(NAMES), help=f"some of {', '.join(NAMES)}, with commas between")
    parser.add_argument("--state", type=Path, help="use the stack that runs in this folder, and leave it up")
    given = parser.parse_args(arguments)
    chosen = given.only.split(",")
    if unknown := set(chosen) - set(NAMES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    about = machine.describe()
    print(json.dumps({"machine": about}), flush=True)
    results: list[Result] = []
    try:
        if live := [name for name in chosen if name not in ALONE]:
            there = nullcontext({"state": str(given.state)}) if given.state else running("bench", agents=AGENTS)
            with there as described:
                uvloop.run(measure(Path(described["state"]), live, results))
        if "surge" in chosen:
            there = nullcontext({"state": str(given.state)}) if given.state else running("surge", agents=surge.Spot.agents)
            with there as described:
                say("measuring: surge")
                results.append(uvloop.run(surge.measure(json.loads((Path(described["state"]) / "stack.json").read_text()))))
                print(json.dumps(results[-1]), flush=True)
        if "core" in chosen:
            results += core()
    finally:
        kept = REPO / "build" / "bench.json"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
