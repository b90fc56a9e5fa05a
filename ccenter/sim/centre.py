"""A synthetic day: callers, agents and a switch at random around the real core, under a virtual clock.

The core is driven as the shell would drive it: what it commands has consequences later (a dialled phone is picked up, a prompt
ends), what people do comes as events and requests. All dice are thrown here and are seeded: the same seed is the same day. A
caller's dice are thrown on arrival in the order of arrival, so that centres with more or fewer agents have the same callers.
"""

import heapq
from collections.abc import Callable
from random import Random

from msgspec import Struct, field

from ccenter.acd import commands, events, facts
from ccenter.acd.config import (
    AgentConfig,
    AnyTarget,
    Config,
    Flow,
    GoNode,
    MenuNode,
    Number,
    Queue,
    SayNode,
    Settings,
    ToFlow,
    ToQueue,
    Trunk,
)
from ccenter.acd.machine import Acd
from ccenter.acd.world import Output
from ccenter.sim.scenario import Scenario

SOUND_SECONDS = 2.5  # a prompt's length
THINKING_SECONDS = 4.0  # from the menu's beginning to the key
WRAP_UP_LIMIT = 3600.0  # agents end their wrap-up themselves
NUMBER = "4000"


class Caller(Struct):
    """What is settled about a caller before they call."""

    leg: str
    patience: float
    talk: float
    queued: bool = False


class Day(Struct):
    """What a day came to. Seconds and counts; days can be added up."""

    offered: int = 0  # asked for an agent
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    blocked: int = 0  # found no trunk
    in_time: int = 0
    waits: list[float] = field(default_factory=list)  # of the answered
    longest: float = 0.0  # answered or not
    ready: float = 0.0  # agent seconds
    handling: float = 0.0  # ringing, talking, wrapping up
    busiest_trunks: int = 0
    events: int = 0

    def __add__(self, other: "Day") -> "Day":
        total = Day(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))
        total.longest = max(self.longest, other.longest)
        total.busiest_trunks = max(self.busiest_trunks, other.busiest_trunks)
        return total

    @property
    def service_level(self) -> float:
        """Answered in time, of all but those who gave up at once."""
        counted = self.offered - self.short_abandoned
        return self.in_time / counted if counted else 1.0

    @property
    def asa(self) -> float:
        """Average speed of answer, seconds."""
        return sum(self.waits) / len(self.waits) if self.waits else 0.0

    @property
    def abandon_rate(self) -> float:
        return self.abandoned / self.offered if self.offered else 0.0

    @property
    def occupancy(self) -> float:
        busy = self.handling + self.ready
        return self.handling / busy if busy else 0.0


def configuration(scenario: Scenario, agents: int) -> Config:
    """The centre of the scenario: one queue, with or without a menu before it."""
    queue = Queue(
        "sales",
        strategy=scenario.strategy,
        wrap_up_seconds=WRAP_UP_LIMIT if scenario.wrap_up.mean > 0 else 0.0,
        announce=scenario.announce,
        service_level_seconds=scenario.goal.seconds,
    )
    flow = Flow(
        "main",
        "welcome",
        {
            "welcome": SayNode(("welcome",), "menu"),
            "menu": MenuNode(("main-menu",), {"1": "sales"}, timeout=30.0),
            "sales": GoNode(ToQueue("sales")),
        },
    )
    target: AnyTarget = ToFlow("main") if scenario.menu else ToQueue("sales")
    codes = [str(1001 + i) for i in range(agents)]
    return Config(
        settings=Settings(time_zone=scenario.time_zone),
        queues={"sales": queue},
        agents={code: AgentConfig(code, queues=("sales",)) for code in codes},
        flows={"main": flow},
        numbers={NUMBER: Number(NUMBER, target)},
        trunks={"sim": Trunk("sim", capacity=scenario.trunks or 10**6)},
    )


class Simulation:
    """One day with so many agents. `log`, if given, gets every event with its time (None: time passed)."""

    def __init__(
        self,
        scenario: Scenario,
        agents: int,
        seed: int,
        log: list[tuple[events.AnyEvent | None, float]] | None = None,
        config: Config | None = None,
    ) -> None:
        self.scenario = scenario
        self.now = scenario.begins
        self.acd = Acd(config or configuration(scenario, agents))
        self.day = Day()
        self._log = log
        self._arrivals = Random(f"{seed} arrivals")  # noqa: S311 - a simulation, no secret
        self._people = Random(f"{seed} callers")  # noqa: S311
        self._agents = Random(f"{seed} agents")  # noqa: S311
        self._queue: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._count = 0
        self._alive: dict[str, None] = {}  # legs up or ringing
        self._callers: dict[str, Caller] = {}  # by leg
        self._by_call: dict[str, Caller] = {}
        self._playing: dict[str, str] = {}  # leg -> play
        self._channels = 0
        self._requests = 0
        self._since: dict[str, tuple[str, float]] = {}  # agent -> state, from when
        self._do: dict[type, Callable[..., None]] = {
            commands.Dial: self._dial,
            commands.HangUp: self._hang_up,
            commands.Play: self._play,
            commands.StopPlay: self._stop_play,
            commands.CheckRecording: self._check,
            facts.CallStarted: self._started,
            facts.CallQueued: self._queued,
            facts.CallConnected: self._connected,
            facts.CallEnded: self._ended,
            facts.AgentChanged: self._agent_changed,
        }
        self._sign_in(agents)
        for at in scenario.arrivals(self._arrivals):
            self._at(at, self._arrives)

    def run(self) -> Day:
        """Play the day to its end: the last caller is served or gone."""
        end = self.scenario.begins + self.scenario.hours * 3600.0
        while self._queue or self.acd.world.state.calls:
            if not self.step():
                break
        for agent in list(self._since):
            self._account(agent, min(self.now, max(end, self._since[agent][1])))
        return self.day

    def step(self) -> bool:
        """The next thing that happens; False when only callers are left whom nobody will ever serve."""
        due, queue = self.acd.next_deadline(), self._queue
        if queue and (due is None or queue[0][0] <= due):
            self.now, _, action, arguments = heapq.heappop(queue)
            action(*arguments)
        elif due is not None:
            self.now = max(self.now, due)
            self._feed(None)
        else:
            return False
        return True

    # -- the clock ---------------------------------------------------------------------------------------------

    def _at(self, at: float, action: Callable[..., None], *arguments: object) -> None:
        self._count += 1
        heapq.heappush(self._queue, (at, self._count, action, arguments))

    def _feed(self, event: events.AnyEvent | None) -> None:
        self.day.events += 1
        if self._log is not None:
            self._log.append((event, self.now))
        out = self.acd.advance(self.now) if event is None else self.acd.handle(event, self.now)
        do = self._do
        for item in out:
            action = do.get(type(item))
            if action is not None:
                action(item)

    def _ask(self, kind: type[events.Request], agent: str, **more: object) -> None:
        self._requests += 1
        self._feed(kind(f"r{self._requests}", "sim", agent, **more))  # type: ignore[arg-type]

    # -- callers -----------------------------------------------------------------------------------------------

    def _arrives(self) -> None:
        scenario, dice = self.scenario, self._people
        patience = scenario.patience.draw(dice) if scenario.patience.mean > 0 else 0.0
        caller = Caller(f"ast1-1.{self._count}", patience, scenario.talk.draw(dice))
        self._count += 1
        if scenario.trunks is not None and self._channels >= scenario.trunks:
            self.day.blocked += 1
            return
        self._channels += 1
        self.day.busiest_trunks = max(self.day.busiest_trunks, self._channels)
        self._alive[caller.leg] = None
        self._callers[caller.leg] = caller
        self._feed(events.CallOffered(caller.leg, f"+86138{self._count:08}", NUMBER, "sim", caller.leg))

    def _started(self, fact: facts.CallStarted) -> None:
        self._by_call[fact.call] = self._callers[fact.leg]

    def _queued(self, fact: facts.CallQueued) -> None:
        caller = self._by_call[fact.call]
        if not caller.queued:
            caller.queued = True
            self.day.offered += 1
            if caller.patience > 0:
                self._at(self.now + caller.patience, self._gives_up, fact.call)

    def _gives_up(self, call: str) -> None:
        living = self.acd.world.state.calls.get(call)
        if living is not None and not living.served_by:
            self._leg_ends(living.customer)

    def _connected(self, fact: facts.CallConnected) -> None:
        caller = self._by_call[fact.call]
        self.day.answered += 1
        self.day.waits.append(fact.waited)
        self.day.in_time += fact.waited <= self.scenario.goal.seconds
        self.day.longest = max(self.day.longest, fact.waited)
        self._at(self.now + caller.talk, self._leg_ends, caller.leg)

    def _ended(self, fact: facts.CallEnded) -> None:
        caller = self._by_call.pop(fact.call)
        if caller.queued and fact.outcome == "ABANDONED":
            self.day.abandoned += 1
            self.day.short_abandoned += fact.waited < self.scenario.short_abandon_seconds
            self.day.longest = max(self.day.longest, fact.waited)

    # -- the switch --------------------------------------------------------------------------------------------

    def _leg_ends(self, leg: str, cause: int = 16) -> None:
        if leg in self._alive:
            del self._alive[leg]
            self._playing.pop(leg, None)
            self._channels -= self._callers.pop(leg, None) is not None
            self._feed(events.LegEnded(leg, cause))

    def _hang_up(self, command: commands.HangUp) -> None:
        self._at(self.now, self._leg_ends, command.leg, command.cause)

    def _dial(self, command: commands.Dial) -> None:
        self._alive[command.leg] = None
        self._at(self.now, self._rings, command.leg)
        answers_after = self.scenario.ring.draw(self._agents)
        if self._agents.random() >= self.scenario.missed:
            self._at(self.now + answers_after, self._answers, command.leg)

    def _rings(self, leg: str) -> None:
        if leg in self._alive:
            self._feed(events.LegRinging(leg))

    def _answers(self, leg: str) -> None:
        if leg in self._alive:
            self._feed(events.LegAnswered(leg, leg))

    def _play(self, command: commands.Play) -> None:
        self._playing[command.leg] = command.play
        if command.sounds == ("main-menu",):
            self._at(self.now + THINKING_SECONDS, self._presses, command.leg)
        self._at(self.now + sum(map(self.lasts, command.sounds)), self._play_ends, command.leg, command.play)

    def lasts(self, sound: str) -> float:
        """Seconds that a prompt takes."""
        return SOUND_SECONDS

    def _stop_play(self, command: commands.StopPlay) -> None:
        self._playing.pop(command.leg, None)

    def _play_ends(self, leg: str, play: str) -> None:
        if self._playing.get(leg) == play:
            del self._playing[leg]
            self._feed(events.PlayEnded(leg, play))

    def _presses(self, leg: str) -> None:
        if leg in self._alive:
            self._feed(events.KeyPressed(leg, "1"))

    def _check(self, command: commands.CheckRecording) -> None:
        self._at(self.now, self._feed, events.RecordingChecked(command.call, command.recording, command.recording, 1))

    # -- agents ------------------------------------------------------------------------------------------------

    def _sign_in(self, agents: int) -> None:
        """Each shift gets its share of the agents, in their order; nobody works two."""
        scenario, first = self.scenario, 0
        end = scenario.begins + scenario.hours * 3600.0
        shifts = [(scenario.moment(s.start), scenario.moment(s.end), s.share) for s in scenario.shifts]
        for start, stop, share in shifts or [(scenario.begins, end, 1.0)]:
            last = agents if not shifts else min(agents, first + round(agents * share))
            for i in range(first, last):
                code = str(1001 + i)
                self._at(start, self._begins_work, code)
                if stop < end:  # the last ones stay till the last caller is served
                    self._at(stop, self._ask, events.SignOut, code)
            first = last

    def _begins_work(self, agent: str) -> None:
        self._ask(events.SignIn, agent, endpoint=f"PJSIP/{agent}", ready=True)

    def _agent_changed(self, fact: facts.AgentChanged) -> None:
        agent = fact.agent
        self._account(agent, self.now)
        self._since[agent] = (fact.state, self.now)
        if fact.state == "WRAP_UP":
            self._at(self.now + self.scenario.wrap_up.draw(self._agents), self._is_done, agent, fact.call)
        elif fact.state == "NOT_READY" and fact.reason == "missed_calls":
            self._at(self.now + self.scenario.back_after.draw(self._agents), self._is_back, agent)

    def _account(self, agent: str, until: float) -> None:
        state, since = self._since.get(agent, ("", until))
        if state == "READY":
            self.day.ready += until - since
        elif state in ("RESERVED", "TALKING", "WRAP_UP"):
            self.day.handling += until - since

    def _is_done(self, agent: str, call: str) -> None:
        member = self.acd.world.state.agents[agent]
        if member.state == "WRAP_UP" and member.call == call and not member.after:
            self._ask(events.Ready, agent)
        elif member.state == "WRAP_UP" and member.call == call:
            self._ask(events.SignOut, agent)

    def _is_back(self, agent: str) -> None:
        if self.acd.world.state.agents[agent].reason == "missed_calls":
            self._ask(events.Ready, agent)


def play(scenario: Scenario, agents: int) -> Day:
    """All runs of a scenario with so many agents, added up."""
    total = Day()
    for run in range(scenario.runs):
        total += Simulation(scenario, agents, scenario.seed + run).run()
    return total


def replay(config: Config, log: list[tuple[events.AnyEvent | None, float]]) -> list[Output]:
    """What a new core says to the events of a day."""
    acd, out = Acd(config), []
    for event, now in log:
        out += acd.advance(now) if event is None else acd.handle(event, now)
    return out
