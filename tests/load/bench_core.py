"""What the core alone costs: events per second, and a routing decision with few and many callers waiting.

`python -m tests.load.bench_core` prints one JSON line each. The events are those of a simulated day of 60 agents (welcome, menu,
queue, announcements, ringing, talk, wrap-up), recorded once and then played into fresh cores without the simulator. Times
are CPU times of the best of many rounds: on a machine shared with others that is the figure that stays.
"""

import gc
import json
import sys
from collections import Counter
from random import Random
from time import perf_counter, process_time

from ccenter.acd import events, facts
from ccenter.acd.config import AgentConfig, Config, Number, Queue, ToQueue
from ccenter.acd.machine import Acd
from ccenter.sim.centre import Simulation, configuration
from ccenter.sim.scenario import Range, Scenario

AGENTS = 60
Log = list[tuple[events.AnyEvent | None, float]]


def day() -> tuple[Config, Log, int]:
    """Forty minutes of a full centre: its configuration, its events, and how many calls they are."""
    scenario = Scenario({"en": "bench"}, "2026-03-02 10:00", 0.7, [1000.0], Range(AGENTS, AGENTS), menu=True)
    log: Log = []
    played = Simulation(scenario, AGENTS, 1, log).run()
    return configuration(scenario, AGENTS), log, played.offered


def play(config: Config, log: Log) -> tuple[float, float]:
    """CPU and wall seconds of one core for all events."""
    acd = Acd(config)
    handle, advance = acd.handle, acd.advance
    gc.collect()
    cpu, wall = process_time(), perf_counter()
    for event, now in log:
        if event is None:
            advance(now)
        else:
            handle(event, now)
    return process_time() - cpu, perf_counter() - wall


def events_per_second(rounds: int = 30) -> dict[str, object]:
    config, log, calls = day()
    times = [play(config, log) for _ in range(rounds)]
    best, wall = min(cpu for cpu, _ in times), min(wall for _, wall in times)
    mix = Counter(type(event).__name__ if event is not None else "time" for event, _ in log)
    return {
        "measure": "core events/s",
        "ours": {
            "events_per_s": round(len(log) / best),
            "events_per_s_wall": round(len(log) / wall),
            "us_per_event": round(best / len(log) * 1e6, 2),
            "us_per_call": round(best / calls * 1e6, 1),
        },
        "asked": 100_000,
        "agents": AGENTS,
        "calls": calls,
        "mix": dict(mix.most_common()),
    }


def waiting_centre(waiting: int, queues: int = 5) -> tuple[Acd, float]:
    """A centre with so many callers waiting in five queues, and its agents signed in but not ready."""
    names = [f"q{i}" for i in range(queues)]
    config = Config(
        queues={name: Queue(name, priority=i, announce=False, wrap_up_seconds=0.0) for i, name in enumerate(names)},
        agents={str(1001 + i): AgentConfig(str(1001 + i), queues=tuple(names)) for i in range(AGENTS)},
        numbers={str(4000 + i): Number(str(4000 + i), ToQueue(name)) for i, name in enumerate(names)},
    )
    acd, now, dice = Acd(config), 1e9, Random(1)
    for agent in config.agents:
        acd.handle(events.SignIn(f"s{agent}", "bench", agent, f"PJSIP/{agent}"), now)
    for i in range(waiting):
        now += dice.random()
        acd.handle(events.CallOffered(f"ast1-1.{i}", f"+86138{i:08}", str(4000 + dice.randrange(queues)), "t"), now)
    return acd, now


def decision(waiting: int, decisions: int = 400) -> float:
    """CPU microseconds of: an agent becomes ready and gets the caller who is next (who is then given back to the line)."""
    acd, now = waiting_centre(waiting)
    taken = 0.0
    for i in range(decisions):
        agent = str(1001 + i % AGENTS)
        begin = process_time()
        out = acd.handle(events.Ready(f"r{i}", "bench", agent), now)
        taken += process_time() - begin
        offer = next(fact for fact in out if isinstance(fact, facts.CallOfferedTo))
        acd.handle(events.NotReady(f"n{i}", "bench", agent, "bench"), now)
        acd.handle(events.LegEnded(offer.leg), now)
    return taken / decisions * 1e6


def routing(sizes: tuple[int, ...] = (10, 1_000, 10_000), rounds: int = 5) -> dict[str, object]:
    costs = {size: min(decision(size) for _ in range(rounds)) for size in sizes}
    least, most = costs[sizes[0]], costs[sizes[-1]]
    return {
        "measure": "core routing decision",
        "ours": {f"us_with_{size}_waiting": round(cost, 1) for size, cost in costs.items()},
        "ratio": {"most_to_least_waiting": round(most / least, 2)},
        "agents": AGENTS,
    }


def main() -> int:
    for result in (events_per_second(), routing()):
        print(json.dumps(result), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
