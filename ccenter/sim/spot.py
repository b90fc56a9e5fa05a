"""After a TV spot: thousands call at once, the machine promises calls, agents make them. What becomes of all, and what it brings.

The very core that runs the centre decides. Whether somebody picks up, and buys, is settled by dice of their own for each caller:
more agents call the same people, only sooner. With the hours the wish to buy fades.
"""

import statistics
from collections.abc import Callable
from random import Random

from msgspec import Struct, field
from msgspec.structs import replace

from ccenter.acd import commands, events, facts
from ccenter.acd.config import CallbackRules, Config, Flow, GoNode, MenuNode, SayNode, Surge, ToCallback
from ccenter.sim.centre import NUMBER, SOUND_SECONDS, Simulation, configuration
from ccenter.sim.scenario import Callbacks, Scenario

BUSY_SECONDS = 2.0  # until the network says so
SPOKEN = {"surge-thanks": 4.3, "surge-number": 6.3, "callback-promised": 5.4}  # seconds of the Chinese prompts
MACHINE = Flow(
    "surge",
    "thanks",
    {
        "thanks": SayNode(("surge-thanks",), "ask"),
        "ask": MenuNode(("surge-number",), {}, timeout=3.0, tries=1, failed="promise"),
        "promise": GoNode(ToCallback()),
    },
)


class Outcome(Struct):
    """What a spot came to. Times are seconds after its beginning."""

    callers: int = 0
    served: int = 0  # by an agent, when they called
    captured: int = 0  # answered and promised a call by the machine
    refused: int = 0  # found no line
    gave_up: int = 0  # waited in vain
    owed: int = 0
    called: int = 0  # of those, dialled once at least
    reached: int = 0
    all_called: float = 0.0  # when the last of them was dialled first
    all_closed: float = 0.0
    attempts: int = 0
    orders: int = 0  # of those served when they called
    saved: int = 0  # of those called back
    machine_seconds: list[float] = field(default_factory=list)  # line time of each captured call
    waits: list[float] = field(default_factory=list)  # of each who was called back, from asking until first dialled
    most_lines: int = 0

    @property
    def line_time(self) -> float:
        """Median seconds that a captured call holds a line."""
        return statistics.median(self.machine_seconds) if self.machine_seconds else 0.0

    @property
    def median_wait(self) -> float:
        """Seconds from asking until first called back."""
        return statistics.median(self.waits) if self.waits else 0.0

    @property
    def kept(self) -> float:
        """Share of the callers who were served or called back."""
        return (self.served + self.called) / self.callers if self.callers else 1.0


def centre(scenario: Scenario, agents: int) -> Config:
    """The scenario's centre with the surge attendant before it, which works off what it promised."""
    rules = scenario.callbacks or Callbacks()
    base = configuration(scenario, agents)
    lines = base.trunks["sim"].capacity
    queue = replace(base.queues["sales"], callbacks=CallbackRules("progressive", against_callers=rules.against_callers))
    surge = Surge("spot", rules.curve, trunks=("sim",), hysteresis=rules.hysteresis)
    return replace(
        base,
        queues={"sales": queue},
        flows={**base.flows, "surge": MACHINE},
        trunks={"sim": replace(base.trunks["sim"], kept=min(rules.kept_lines, lines - 1))},
        surges={"spot": surge} if rules.attendant else {},
    )


class Spot(Simulation):
    """One spot, played until nobody is owed a call any more."""

    def __init__(
        self, scenario: Scenario, agents: int, seed: int, log: list[tuple[events.AnyEvent | None, float]] | None = None
    ) -> None:
        self.rules = scenario.callbacks or Callbacks()
        self.outcome = Outcome()
        self.seed = seed
        self._owed: dict[str, tuple[str, float]] = {}  # callback -> number, asked
        self._dialled: set[str] = set()
        self._attempts: dict[str, tuple[str, str, str]] = {}  # call -> callback, number, agent
        self._customers: dict[str, str] = {}  # leg -> number
        self._machine: dict[str, float] = {}  # call -> since
        self._rung: dict[str, int] = {}  # number -> times
        self._reached: set[str] = set()
        super().__init__(scenario, agents, seed, log, centre(scenario, agents))
        also: dict[type, Callable[..., None]] = {
            commands.Store: self._store,
            facts.CallReached: self._is_reached,
            facts.CallbackOpened: self._opened,
            facts.CallbackDialled: self._is_dialled,
            facts.CallbackClosed: self._closed,
            facts.SurgeDecided: self._decided,
        }
        self._do.update(also)

    def play(self) -> Outcome:
        """To the last callback."""
        acd, out = self.acd, self.outcome
        while self._queue or acd.world.state.calls or acd.world.state.callbacks:
            if not self.step():
                break
        out.owed, out.called, out.reached = len(self._owed), len(self._dialled), len(self._reached)
        return out

    def dice(self, number: str, what: str) -> Random:
        """A person's own, whoever calls them in whatever order."""
        return Random(f"{self.seed} {number} {what}")  # noqa: S311 - a simulation, no secret

    def buys(self, number: str, delay: float) -> bool:
        wish = self.rules.buys * 0.5 ** (delay / self.rules.wish_half_life)
        return bool(self.dice(number, "buys").random() < wish)

    def lasts(self, sound: str) -> float:
        return SPOKEN.get(sound, SOUND_SECONDS)

    # -- those who call ----------------------------------------------------------------------------------------

    def _arrives(self) -> None:
        blocked, now = self.day.blocked, self.now
        self.outcome.callers += 1
        super()._arrives()
        self.outcome.most_lines = max(self.outcome.most_lines, self._channels)
        if self.day.blocked > blocked:
            self.outcome.refused += 1
            if self.dice(str(self._count), "seen").random() < self.rules.seen:
                self._feed(events.CallerMissed(f"m{self._count}", f"+86138{self._count:08}", NUMBER, "blocked", now))

    def _started(self, fact: facts.CallStarted) -> None:
        if fact.callback:
            self._attempts[fact.call] = (fact.callback, fact.dnis, fact.agent)
        else:
            super()._started(fact)

    def _decided(self, fact: facts.SurgeDecided) -> None:
        if fact.taken:
            self._machine[fact.call] = self.now

    def _connected(self, fact: facts.CallConnected) -> None:
        super()._connected(fact)
        self.outcome.served += 1
        call = self.acd.world.state.calls[fact.call]
        self.outcome.orders += self.buys(call.ani, self.now - call.started)

    def _store(self, command: commands.Store) -> None:
        self._at(self.now + 0.01, self._feed, events.Stored(command.token))

    def _ended(self, fact: facts.CallEnded) -> None:
        if fact.call not in self._attempts:
            if fact.call in self._machine:
                self.outcome.machine_seconds.append(self.now - self._machine.pop(fact.call))
                self.outcome.captured += fact.outcome == "CALLBACK"
            self.outcome.gave_up += fact.outcome == "ABANDONED"
            super()._ended(fact)
            return
        callback, _number, agent = self._attempts.pop(fact.call)
        if fact.outcome == "ANSWERED":
            self._at(self.now, self._say_result, agent, callback)

    # -- those who are called ----------------------------------------------------------------------------------

    def _opened(self, fact: facts.CallbackOpened) -> None:
        self._owed[fact.callback] = (fact.number, fact.asked_at)

    def _is_dialled(self, fact: facts.CallbackDialled) -> None:
        self.outcome.attempts += 1
        if fact.callback not in self._dialled:
            self._dialled.add(fact.callback)
            self.outcome.waits.append(self.now - self._owed[fact.callback][1])
            self.outcome.all_called = self.now - self.scenario.moment(self.scenario.bursts[0].at)

    def _dial(self, command: commands.Dial) -> None:
        number, at, _trunk = command.endpoint.removeprefix("PJSIP/").partition("@")
        if not at:
            super()._dial(command)
            return
        self._alive[command.leg] = None
        self._customers[command.leg] = number
        self._channels += 1
        self._rung[number] = self._rung.get(number, 0) + 1
        dice = self.dice(number, f"attempt {self._rung[number]}")
        chance = dice.random()
        if chance < self.rules.reach:
            self._at(self.now + self.rules.pick_up.draw(dice), self._answers, command.leg)
        elif chance < self.rules.reach + self.rules.busy:
            self._at(self.now + BUSY_SECONDS, self._leg_ends, command.leg, 17)

    def _leg_ends(self, leg: str, cause: int = 16) -> None:
        self._channels -= self._customers.pop(leg, None) is not None
        super()._leg_ends(leg, cause)

    def _is_reached(self, fact: facts.CallReached) -> None:
        callback, number, _agent = self._attempts[fact.call]
        if callback not in self._reached:
            self._reached.add(callback)
            self.outcome.saved += self.buys(number, self.now - self._owed[callback][1])
        talk = self.scenario.talk.draw(self.dice(number, "talk"))
        self._at(self.now + talk, self._leg_ends, self.acd.world.state.calls[fact.call].customer)

    def _say_result(self, agent: str, callback: str) -> None:
        self._ask(events.CallbackResult, agent, callback=callback, result="done")

    def _closed(self, fact: facts.CallbackClosed) -> None:
        self.outcome.all_closed = self.now - self.scenario.moment(self.scenario.bursts[0].at)


def outcomes(scenario: Scenario) -> dict[int, Outcome]:
    """A spot for each number of agents. The callers are the same each time."""
    numbers = range(scenario.agents.least, scenario.agents.most + 1, scenario.agents.step)
    return {agents: Spot(scenario, agents, scenario.seed).play() for agents in numbers}


def without(scenario: Scenario, agents: int) -> Outcome:
    """The same spot in a centre that notes nobody: what is served at once is all there is."""
    rules = replace(scenario.callbacks or Callbacks(), attendant=False, seen=0.0)
    spot = Spot(replace(scenario, callbacks=rules), agents, scenario.seed)
    spot.acd.world.state.config = replace(spot.acd.config, settings=replace(spot.acd.config.settings, owes=()))
    return spot.play()
