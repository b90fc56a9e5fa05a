"""A TV spot: 3,000 people call within a minute, there are 120 lines and 60 agents. Then whoever reached no agent is called back.

Callers are SIPp, each with a number of their own and one call; SIPp's log is what they experienced. Agents and those who are
called back are SIP phones of ours (surge_people.py); agents work through the REST interface and the feed. The CTI server is
killed once in the middle. What the record says of each number is then compared with what the phones saw (surge_books.py).

What is not as in life: talks are short (`Spot.talk`, `Spot.back`), so are ringing and the times until a retry, so that all is
over in some minutes; nobody speaks (prompts are played to callers all the same). The callers, the customers and the agents'
phones are made on the same processors.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import stack as stacks
from tests.asterisk.arrange import arrange
from tests.asterisk.ledger import Ledger
from tests.load.centre import Centre, Json
from tests.load.machine import Meter
from tests.load.rtp import Pump
from tests.load.surge_books import Heard, compare, heard
from tests.load.surge_people import Agents, Customers, People
from tests.load.ua import clock
from tests.phones.sipp import Sipp

QUEUE = "t-callbacks"
SURGE = "t-tv-spot"
PARTS = ("asterisk", "cti", "agi", "recorder", "postgres", "web")


@dataclass(frozen=True)
class Spot:
    """What is played. Times in seconds."""

    calls: int = 3000
    seconds: float = 60.0  # in which they come
    lines: int = 120
    kept: int = 20  # of them are left for callers by those who call back
    agents: int = 60
    curve: tuple[tuple[float, float], ...] = ((0.5, 0.5), (0.75, 0.9), (0.85, 1.0))
    withheld: int = 30  # callers who show no number
    patience: float = 25.0  # a caller hangs up after so long
    talk: tuple[float, float] = (8.0, 16.0)
    back: tuple[float, float] = (1.0, 2.5)  # talks with those who are called back
    ring: float = 3.0  # until they are let be
    retries: tuple[float, ...] = (10.0, 20.0)
    kill_at: float = 25.0  # 0: nobody dies
    within: float = 400.0  # after the spot nobody is owed a call any more
    seed: int = 1

    @property
    def rules(self) -> Json:
        delays = list(self.retries)
        again = {"busy": delays, "no_answer": delays, "failed": [*delays, *delays]}
        return {
            "mode": "progressive", "first": "caller", "ring_seconds": self.ring, "retries": again, "most_attempts": 4,
            "result_seconds": 20.0, "greeting": "",
        }  # fmt: skip

    def rows(self) -> list[str]:
        """SIPp's: the number shown, and the caller's name in the log."""
        numbers = [f"137{self.seed:02}{n:06}" for n in range(self.calls)]
        step = self.calls // self.withheld if self.withheld else self.calls + 1
        return [f"anonymous;w{n}" if n % step == step - 1 else f"{number};{number}" for n, number in enumerate(numbers)]


async def arranged(ledger: Ledger, number: str, spot: Spot) -> None:
    """The centre as the spot wants it, for the time of `ledger`."""
    trunk = "UPDATE calls_trunk SET capacity = %s, kept = %s WHERE code = 'demo'"
    ((lines, kept),) = ledger.rows("SELECT capacity, kept FROM calls_trunk WHERE code = 'demo'")
    await ledger.configure(trunk, spot.lines, spot.kept, undo=(trunk, (lines, kept)))
    rules = "UPDATE calls_queue SET callbacks = %s WHERE code = %s"
    await ledger.configure(rules, json.dumps(spot.rules), QUEUE, undo=(rules, ("{}", QUEUE)))
    whose = "UPDATE calls_number SET queue_id = (SELECT id FROM calls_queue WHERE code = %s) WHERE number = %s"
    await ledger.configure(whose, QUEUE, number, undo=(whose, ("", number)))
    ledger.rows("DELETE FROM calls_surge WHERE code = %s", SURGE)
    await ledger.configure(
        "INSERT INTO calls_surge (code, name, enabled, position, curve, lines, hysteresis, every, exempt_orders, exempt_seconds,"
        " flow) VALUES (%s, '', true, 0, %s, 0, 0.1, 0, false, 1, 'surge')",
        SURGE, json.dumps(spot.curve),
        undo=("UPDATE calls_surge SET enabled = false WHERE code = %s", (SURGE,)),
    )  # fmt: skip


@asynccontextmanager
async def cast(centre: Centre, spot: Spot) -> AsyncIterator[Agents]:
    """Agents ready at their phones, customers behind the trunk."""
    async with AsyncExitStack() as end:
        pump = Pump()
        end.callback(pump.close)
        port = int(centre.described["environment"].get("CC_TRUNK_PORT", centre.described["base"] + 7))
        customers = Customers(centre.sip, pump, port, spot.seed, spot.back)
        end.callback(customers.people.door.close)
        logins = centre.logins[: spot.agents]
        desks = People(centre.sip, pump, customers.people.plan)
        end.callback(desks.door.close)
        await centre.register(desks, logins)
        agents = Agents(centre, desks, customers, logins, spot.talk)
        await centre.sign_in(logins)
        feed = asyncio.create_task(agents.listen())
        try:
            yield agents
        finally:
            feed.cancel()
            await asyncio.gather(feed, return_exceptions=True)
            await centre.ask(logins, "sign-out", {})


async def killed(state: Path, after: float) -> tuple[float, float]:
    """The CTI server, with SIGKILL; when, and when the one the supervisor starts serves."""
    await asyncio.sleep(after)
    began = clock()
    await asyncio.to_thread(stacks.wait_up, state, "cti", stacks.kill(state, "cti", signal.SIGKILL))
    return began, clock()


async def all_settled(ledger: Ledger, state: Path, began: float, within: float) -> bool:
    """Nobody is owed a call any more, whoever was never seen by the core is known to it. False when time is up."""
    left = """SELECT (SELECT count(*) FROM calls_callbackentry WHERE closed_at IS NULL AND queue = %s)
              + (SELECT count(*) FROM calls_missedcaller WHERE told_at IS NULL)
              + (SELECT count(*) FROM calls_call WHERE state <> 'ENDED' AND started_at >= to_timestamp(%s))"""
    spool = state / "spool"
    deadline, quiet = time.monotonic() + within, 0
    while time.monotonic() < deadline:
        noted = any(path.stat().st_size for path in [*spool.glob("*.jsonl*"), *spool.glob("*.csv*")] if path.exists())
        quiet = 0 if noted or (await asyncio.to_thread(ledger.rows, left, QUEUE, began)) != [(0,)] else quiet + 1
        if quiet == 3:  # a note goes from file to file to the database to the core
            return True
        await asyncio.sleep(0.5)
    return False


async def play(stack: Json, spot: Spot, folder: Path) -> Json:
    """One spot on a running stack, to the last callback; what became of everybody."""
    number, state = arrange(stack)["spot"], Path(stack["state"])
    ledger = Ledger(stack)
    async with AsyncExitStack() as end:
        end.push_async_callback(ledger.close)
        await arranged(ledger, number, spot)
        centre = await end.enter_async_context(Centre(state))
        agents = await end.enter_async_context(cast(centre, spot))
        options = ["-s", number, "-r", str(round(spot.calls * 100 / spot.seconds)), "-rp", "100000", "-l", str(spot.calls)]
        options += ["-m", str(spot.calls), "-trace_logs", "-log_file", "calls.log"]
        values = {"PATIENCE_MS": round(spot.patience * 1000)}
        began = clock()
        sipp = end.enter_context(Sipp(folder, centre.sip, "spot", values=values, rows=spot.rows(), options=options))
        away = await killed(state, spot.kill_at) if spot.kill_at else (0.0, 0.0)
        meter = Meter(centre.pids(), time.monotonic())  # from here on: the CTI server is another process
        stats = await asyncio.to_thread(sipp.wait, spot.seconds + spot.patience + 60)
        after_spot = meter.read(time.monotonic())
        meter = Meter(centre.pids(), time.monotonic())
        settled = await all_settled(ledger, state, began, spot.within)
        done = clock() - began
        after_all = meter.read(time.monotonic())
        callers: dict[str, Heard] = heard(sipp.folder / "calls.log")
        found = await asyncio.to_thread(compare, ledger, callers, agents, number, away)
    return found | {
        "failed_calls": {name: count for name, count in stats.why.items() if count},
        "settled": settled,
        "all_settled_s": round(done, 1),
        "cti_gap_s": round(away[1] - away[0], 2),
        "cpu": {
            name: {part: round(spent.ms.get(part, 0) / spent.seconds / 10) for part in (*PARTS, "load")} | {"seconds": round(spent.seconds)}
            for name, spent in (("spot_percent", after_spot), ("callbacks_percent", after_all))
        },
    }  # fmt: skip


async def measure(stack: Json, spot: Spot | None = None) -> Json:
    """The benchmark's line."""
    spot = spot or Spot()
    folder = Path(stack["state"]) / "run" / f"spot-{int(time.monotonic())}"
    folder.mkdir()
    found = await play(stack, spot, folder)
    what = f"{spot.calls} calls in {spot.seconds:g} s, {spot.lines} lines, {spot.agents} agents, CTI server killed once"
    asked: dict[str, Any] = {"answer_s": {"max": 2.0}, "lost": 0, "doubled": 0}
    return {"measure": what, "ours": found, "asked": asked}
