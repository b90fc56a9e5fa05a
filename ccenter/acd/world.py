"""The core's memory and the few verbs that everything in it is said with.

The other modules of the core are functions on a `World`: they change it, and append commands and facts to `out`.
"""

import heapq
from collections.abc import Callable

from msgspec import Struct, field

from ccenter.acd import commands, facts
from ccenter.acd.agent import Agent, AgentState
from ccenter.acd.call import Call, Leg, Watch
from ccenter.acd.callback import Callback
from ccenter.acd.config import AnyTarget, Config, Queue, Settings

Output = commands.Command | facts.Fact


class SurgeState(Struct):
    """A surge attendant's memory."""

    on: bool = False
    credit: float = 0.0  # shares not taken yet: at one, a call is
    last: float = 0.0  # when it took one
    taken: int = 0  # since it is on
    passed: int = 0


class State(Struct):
    """All that a snapshot holds. Everything else in a World is derived from it."""

    config: Config
    calls: dict[str, Call] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)  # by the lead's seat
    timers: dict[str, float] = field(default_factory=dict)  # "kind:id" -> when
    callbacks: dict[str, Callback] = field(default_factory=dict)  # open ones
    known: dict[str, float] = field(default_factory=dict)  # tasks that are over -> when; each is done once
    barred: dict[str, bool] = field(default_factory=dict)  # numbers on the do-not-call list
    surges: dict[str, SurgeState] = field(default_factory=dict)
    handling: dict[str, float] = field(default_factory=dict)  # queue -> smoothed handling time, seconds
    down: list[str] = field(default_factory=list)  # nodes we have no link to
    now: float = 0.0  # of the snapshot: a clock set back does not make time go back
    seq: int = 0
    counter: int = 0
    turn: int = 0


class Line:
    """Callers of one queue who need the same skills, in the order they will be served."""

    __slots__ = ("eligible", "key", "queue", "ringing", "skills", "waiting")

    def __init__(self, key: str, queue: str, skills: dict[str, int], eligible: dict[str, None]) -> None:
        self.key = key
        self.queue = queue
        self.skills = skills
        self.eligible = eligible  # agents, in the order of their numbers
        self.waiting: list[tuple[float, int, str]] = []  # (order, ticket, call), sorted
        self.ringing: dict[str, None] = {}  # ring-all calls out of the line whose phones still ring


class CallbackLine:
    """Callbacks for the same agents, under the same hours, worked off the same way, in the order they will be called."""

    __slots__ = ("automatic", "calendar", "key", "line", "preview", "queue", "waiting", "zone")

    def __init__(self, key: str, how: str, queue: str, calendar: str, zone: str, line: Line | None) -> None:
        self.key = key
        self.automatic = how == "progressive"
        self.preview = how == "preview"
        self.queue = queue
        self.calendar = calendar
        self.zone = zone
        self.line = line  # who may; None: a machine
        self.waiting: list[tuple[float, int, str]] = []  # (order, ticket, callback), sorted


class World:
    """State, indexes over it, and the output of the event being handled."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.watches = state.watches
        self.now = state.now
        self.out: list[Output] = []
        self.by_state: dict[AgentState, dict[str, None]] = {state: {} for state in AgentState}  # agents
        self.ready = self.by_state[AgentState.READY]
        self.lines: dict[str, Line] = {}
        self.agent_lines: dict[str, list[Line]] = {}
        self.endpoints: dict[str, str] = {}  # a signed-in agent's phone -> agent
        self.new_calls: dict[str, None] = {}  # callers and agents to be matched when the event is handled
        self.new_ready: dict[str, None] = {}
        self.touched: dict[str, Agent] = {}  # agents whose situation the event may have changed
        self.callback_lines: dict[str, CallbackLine] = {}
        self.agent_callbacks: dict[str, list[CallbackLine]] = {}
        self.owed: dict[str, str] = {}  # number -> the callback its caller has, tasks left out
        self.persons: dict[str, dict[str, None]] = {}  # number, or "c:" and customer -> callbacks
        self.busy: dict[str, dict[str, None]] = {}  # the same -> calls they are on
        self.presented: dict[str, str] = {}  # agent -> callback
        self.gates: dict[tuple[str, str], tuple[int, bool]] = {}  # calendar, zone -> minute, open then
        self.machines: dict[str, None] = {}  # outbound calls that machines make
        self.rouse = False  # something changed that may let a callback be dialled
        self.used: dict[str, int] = {}  # trunk, or "#" and called number -> channels
        self.hops = 0  # targets the event being handled has sent a call through
        self.heap: list[tuple[float, str]] = [(at, key) for key, at in state.timers.items()]
        heapq.heapify(self.heap)
        self.go: Callable[[World, Call, AnyTarget], None]  # set by machine: modules below send calls on through it

    # -- short names
    @property
    def config(self) -> Config:
        return self.state.config

    @property
    def settings(self) -> Settings:
        return self.state.config.settings

    def queue_of(self, call: Call) -> Queue:
        return self.state.config.queues.get(call.queue) or Queue(code=call.queue)

    # -- ids
    def seq(self) -> int:
        self.state.seq += 1
        return self.state.seq

    def fresh(self, kind: str, node: str = "") -> str:
        """An id nobody had before: "c17", or with a node "ast1-l17"."""
        self.state.counter += 1
        return f"{node}-{kind}{self.state.counter}" if node else f"{kind}{self.state.counter}"

    def wake(self) -> None:
        """Look for a caller for every ready agent, in an order that does not depend on how they became ready."""
        self.new_ready.update(dict.fromkeys(sorted(self.ready)))

    def touch(self, call: Call) -> None:
        """Something about this call changed that decides what its agent may do."""
        if call.agent:
            self.touched[call.agent] = self.state.agents[call.agent]

    # -- time
    def alarm(self, kind: str, ident: str, at: float) -> None:
        """Call `machine.on_alarm(kind, ident)` at that time, unless changed or quieted before."""
        key = f"{kind}:{ident}"
        self.state.timers[key] = at
        heapq.heappush(self.heap, (at, key))

    def quiet(self, kind: str, ident: str) -> None:
        self.state.timers.pop(f"{kind}:{ident}", None)

    def next_deadline(self) -> float | None:
        timers, heap = self.state.timers, self.heap
        while heap and timers.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)  # quieted or moved
        return heap[0][0] if heap else None

    def due(self) -> str | None:
        """Take the next alarm that is due by now."""
        at = self.next_deadline()
        if at is None or at > self.now:
            return None
        key = heapq.heappop(self.heap)[1]
        del self.state.timers[key]
        return key

    # -- legs
    def is_up(self, leg_id: str) -> bool:
        leg = self.state.legs.get(leg_id)
        return leg is not None and leg.state == "up" and not leg.ending

    def waits(self, call: Call) -> bool:
        """Is the phone of its agent lost, or of the colleague they called?"""
        pair = (call.agent, call.dial_to) if call.direction == "internal" else (call.agent,)
        return any((agent := self.state.agents.get(code)) is not None and agent.away for code in pair)

    def dial(
        self, call: Call, role: str, endpoint: str, caller_id: str, *, agent: str = "", auto: bool = False, detect: bool = False
    ) -> Leg:
        leg = Leg(self.fresh("l", call.node), call.id, role, self.now, agent=agent, endpoint=endpoint)
        self.state.legs[leg.id] = leg
        self.out.append(commands.Dial(leg.id, endpoint, caller_id, call.id, call.customer, auto, call.ani, detect))
        number, _, trunk = endpoint.removeprefix("PJSIP/").partition("@trunk-")
        self.takes(leg, trunk, "out", number)
        return leg

    def takes(self, leg: Leg, trunk: str, direction: str, number: str) -> None:
        """The leg is on a channel of this trunk, if it is on any, until the switch says it is gone."""
        leg.trunk = trunk
        self.occupy(leg)
        if trunk:
            self.out.append(facts.TrunkTaken(self.seq(), self.now, leg.call, leg.agent, leg.id, trunk, direction, number))

    def occupy(self, leg: Leg, channels: int = 1) -> None:
        """Count the trunk's channel that a leg takes, or (-1) gives back."""
        if leg.trunk:
            self.used[leg.trunk] = self.used.get(leg.trunk, 0) + channels
            self.rouse = True
        if leg.dnis:
            key = "#" + leg.dnis
            self.used[key] = self.used.get(key, 0) + channels

    def hang_up(self, leg_id: str, cause: int = 16) -> None:
        """Ask for a leg's end; it stays known until the switch says it is gone."""
        leg = self.state.legs.get(leg_id)
        if leg is None or leg.ending:
            return
        leg.ending = True
        leg.call = ""
        self.out.append(commands.HangUp(leg_id, cause))

    def answer(self, call: Call) -> None:
        """Take the incoming line, once."""
        leg = self.state.legs.get(call.customer)
        if leg is not None and not leg.answered and leg.state == "offered":
            leg.answered = True
            leg.state = "up"
            self.out.append(commands.Answer(leg.id))
            self.out.append(facts.CallAnswered(self.seq(), self.now, call.id))

    def music(self, leg_id: str, music: str) -> None:
        leg = self.state.legs.get(leg_id)
        if leg is not None and leg.music != music and leg.bridge != "hold" and not leg.ending:  # on hold there is music
            leg.music = music
            self.out.append(commands.StartMusic(leg_id, music))

    def silence(self, leg_id: str) -> None:
        leg = self.state.legs.get(leg_id)
        if leg is not None and leg.music:
            leg.music = ""
            self.out.append(commands.StopMusic(leg_id))

    def unpark(self, leg_id: str) -> None:
        """Out of the holding bridge and its music, for a machine to speak or listen."""
        leg = self.state.legs.get(leg_id)
        if leg is not None and leg.bridge == "hold":
            leg.bridge = ""
            self.out.append(commands.Leave(f"{leg_id.partition('-')[0]}-hold", leg_id))

    # -- bridges
    def join(self, call: Call, *leg_ids: str) -> None:
        """Put legs into the call's bridge, which is made when first needed."""
        if not call.bridge:
            call.bridge = self.fresh("b", call.node)
            self.out.append(commands.MakeBridge(call.bridge))
        for leg_id in leg_ids:
            self.silence(leg_id)
            leg = self.state.legs.get(leg_id)
            if leg is not None:
                leg.bridge = call.bridge
        self.out.append(commands.Join(call.bridge, leg_ids))

    def park(self, call: Call, leg_id: str) -> None:
        leg = self.state.legs.get(leg_id)
        if leg is not None and leg.bridge != "hold" and not leg.ending:
            leg.bridge = "hold"
            self.out.append(commands.Park(leg_id, self.queue_of(call).music))

    def unbridge(self, call: Call) -> None:
        """Drop the call's bridge. Who lives on leaves it first: a playback into a dying one hangs in the switch for minutes."""
        if call.bridge:
            for leg_id in (call.customer, call.agent_leg, *(party.leg for party in call.parties())):
                leg = self.state.legs.get(leg_id)
                if leg is not None and leg.bridge == call.bridge:
                    leg.bridge = ""
                    if not leg.ending:
                        self.out.append(commands.Leave(call.bridge, leg_id))
            self.out.append(commands.DropBridge(call.bridge))
            call.bridge = ""
