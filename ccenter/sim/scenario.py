"""A scenario: who calls when, how patient they are, how long agents take, and what is to be reached. Read from TOML.

Times of day are the scenario's own; a scenario lasts from `start` for `hours`. See scenarios/ for examples.
"""

import math
import tomllib
from datetime import datetime, time
from pathlib import Path
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

FOLDER = Path(__file__).parent / "scenarios"


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of what a scenario is made of: a misspelt field is an error."""


class Duration(Part, frozen=True):
    """Seconds at random. `spread` is the standard deviation over the mean, for "lognormal" (as talks mostly are)."""

    mean: float
    kind: Literal["fixed", "exponential", "lognormal"] = "exponential"
    spread: float = 1.0

    def draw(self, dice: Random) -> float:
        if self.mean <= 0 or self.kind == "fixed":
            return self.mean
        if self.kind == "exponential":
            return dice.expovariate(1.0 / self.mean)
        variance = math.log(1.0 + self.spread**2)
        return dice.lognormvariate(math.log(self.mean) - variance / 2, math.sqrt(variance))


class Burst(Part, frozen=True):
    """A TV spot: so many calls from `at` on, most at once, fewer and fewer (exponentially) after."""

    at: str  # "20:15"
    calls: float
    decay_seconds: float = 90.0


class Shift(Part, frozen=True):
    """A share of the agents works from `start` to `end`."""

    start: str
    end: str
    share: float = 1.0


class Range(Part, frozen=True):
    """Numbers of agents to try."""

    least: int
    most: int
    step: int = 1


class Goal(Part, frozen=True):
    """What is to be reached: `service_level` of the calls answered within `seconds`; None: not asked for."""

    service_level: float = 0.8
    seconds: float = 20.0
    abandoned_most: float | None = None
    occupancy_most: float | None = None


class Callbacks(Part, frozen=True):
    """A centre that calls back: its surge attendant, and how those who are called behave. See spot.py."""

    attendant: bool = True
    curve: tuple[tuple[float, float], ...] = ((0.5, 0.5), (0.75, 0.9), (0.85, 1.0))  # (use of the lines, share taken)
    hysteresis: float = 0.1
    kept_lines: int = 20
    against_callers: Literal["callers_first", "by_age", "callbacks_first"] = "by_age"
    seen: float = 1.0  # share of refused calls that the switch sees; of an E1 that is full it sees none
    reach: float = 0.7  # share of attempts that are answered
    busy: float = 0.08
    pick_up: Duration = Duration(9.0, "lognormal", 0.5)
    buys: float = 0.35  # share who would order if they were served at once
    wish_half_life: float = 4 * 3600.0  # seconds in which half of that wish is gone


class Scenario(Part, frozen=True):
    name: dict[str, str]  # language -> name
    start: str  # "2026-03-02 09:00"
    hours: float
    per_hour: list[float]  # calls per hour, one number for each interval; the last one goes on
    agents: Range
    interval_minutes: float = 30.0
    bursts: list[Burst] = []
    shifts: list[Shift] = []  # none: all agents all the time
    goal: Goal = Goal()
    talk: Duration = Duration(180.0, "lognormal", 0.8)
    wrap_up: Duration = Duration(20.0)
    ring: Duration = Duration(4.0, "lognormal", 0.5)  # until an agent picks up
    patience: Duration = Duration(120.0)  # how long a caller waits; mean 0: for ever
    short_abandon_seconds: float = 5.0  # who gives up sooner is not counted against the service level
    missed: float = 0.0  # share of offers the agent does not answer
    back_after: Duration = Duration(60.0)  # till an agent taken out for missed calls is ready again
    menu: bool = False  # callers pass a welcome and a menu first
    announce: bool = True  # position and expected wait while waiting
    strategy: Literal["longest_idle", "round_robin", "fewest_calls", "by_skill", "ring_all"] = "longest_idle"
    trunks: int | None = None  # channels; a call that finds none free is lost
    shrinkage: float = 0.0  # share of paid time not at the phone: breaks, training, illness
    callbacks: Callbacks | None = None  # a spot, played until all are called
    time_zone: str = "Asia/Shanghai"
    seed: int = 1
    runs: int = 3  # days that are played for each number of agents

    @property
    def begins(self) -> float:
        """Seconds since 1970."""
        return datetime.fromisoformat(self.start).replace(tzinfo=ZoneInfo(self.time_zone)).timestamp()

    def moment(self, time_of_day: str) -> float:
        """A time of day, "20:15", in seconds since 1970; before `start`, it is the day after's."""
        try:
            clock = time.fromisoformat(time_of_day)
        except ValueError:
            raise ValueError(f"{time_of_day!r} is no time of day like '20:15'") from None
        day = datetime.fromisoformat(self.start).date()
        at = datetime.combine(day, clock, ZoneInfo(self.time_zone)).timestamp()
        return at if at >= self.begins else at + 86400.0

    def arrivals(self, dice: Random) -> list[float]:
        """When calls come, sorted: Poisson with the interval's rate, and the bursts."""
        begin, end, width = self.begins, self.begins + self.hours * 3600.0, self.interval_minutes * 60.0
        times = []
        interval = 0
        while (start := begin + interval * width) < end:
            rate = self.per_hour[min(interval, len(self.per_hour) - 1)] / 3600.0
            at = start + (dice.expovariate(rate) if rate > 0 else width)
            while at < min(start + width, end):
                times.append(at)
                at += dice.expovariate(rate)
            interval += 1
        for burst in self.bursts:
            first = self.moment(burst.at)
            spread = max(1.0, burst.calls) ** 0.5
            count = max(0, round(dice.gauss(burst.calls, spread)))  # about Poisson
            times += [first + dice.expovariate(1.0 / burst.decay_seconds) for _ in range(count)]
        return sorted(at for at in times if at < end)

    def busiest(self) -> float:
        """Calls per hour in the busiest interval, bursts left out."""
        return max(self.per_hour)


def load(path: Path) -> Scenario:
    """Raises OSError, and ValueError with the file and the field for what is no scenario."""
    try:
        scenario = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Scenario)
        _check(scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    return scenario


def _check(scenario: Scenario) -> None:
    """What types do not say."""
    faults: dict[str, Any] = {
        "`hours` must be more than 0": scenario.hours <= 0,
        "`per_hour` must have numbers of 0 or more": not scenario.per_hour or min(scenario.per_hour) < 0,
        "`agents` must go from 1 or more upwards": not 1 <= scenario.agents.least <= scenario.agents.most,
        "`agents.step` must be 1 or more": scenario.agents.step < 1,
        "`interval_minutes` must be more than 0": scenario.interval_minutes <= 0,
        "`missed` and `shrinkage` must be from 0 to less than 1": not (0 <= scenario.missed < 1 and 0 <= scenario.shrinkage < 1),
        "a scenario with `callbacks` needs a burst": scenario.callbacks is not None and not scenario.bursts,
        "`runs` must be 1 or more": scenario.runs < 1,
    }
    for fault, found in faults.items():
        if found:
            raise ValueError(fault)
    for time_of_day in [t for s in scenario.shifts for t in (s.start, s.end)] + [burst.at for burst in scenario.bursts]:
        scenario.moment(time_of_day)
    _ = scenario.begins
