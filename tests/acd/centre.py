"""A small centre for the tests: its configuration, and a core with a switch under it.

The cast: agents 1001 (Ai, sales), 1002 (Bo, sales and support, the better technician), 1003 (Chen, support), 1004 (Du, all).
"""

import json
import re
from typing import Any

import msgspec
from msgspec.structs import replace

from ccenter.acd import commands, events, facts
from ccenter.acd.call import Call
from ccenter.acd.config import (
    AgentConfig,
    BranchNode,
    Calendar,
    CallbackRules,
    CollectNode,
    Config,
    Flow,
    GoNode,
    HangUpNode,
    Holiday,
    HoursNode,
    LookUpNode,
    MenuNode,
    Number,
    Phrase,
    Queue,
    RecordNode,
    SayNode,
    SetNode,
    Settings,
    Surge,
    ToAgent,
    ToCallback,
    ToEnd,
    ToFlow,
    ToMenu,
    ToNumber,
    ToQueue,
    ToVoicemail,
    Trunk,
)
from ccenter.acd.machine import Acd
from ccenter.acd.world import Output
from tests.acd import promises
from tests.acd.switch import Switch

MONDAY_NOON = 1_772_424_000.0  # 2026-03-02 12:00 in Shanghai
CALLER = "+8613800000001"

MAIN = Flow(
    "main",
    "welcome",
    {
        "welcome": SayNode(("welcome",), "menu"),
        "menu": MenuNode(
            ("main-menu",),
            {"1": "sales", "2": "support", "3": "account", "4": "order", "5": "message", "6": "colleague", "9": "bye"},
            failed="sales",
        ),
        "sales": GoNode(ToQueue("sales"), back="again"),
        "again": SayNode(("anything-else",), "menu"),
        "support": SetNode({"priority": "1", "topic": "repair"}, "support-queue", skills={"repair": 2}),
        "support-queue": GoNode(ToQueue("support"), prompts=("one-moment",)),
        "account": CollectNode(("enter-member",), "member", "pin", min_digits=4, max_digits=6),
        "pin": CollectNode(("enter-pin",), "pin", "check", min_digits=4, max_digits=4, sensitive=True),
        "check": LookUpNode(
            "member_pin", "is-vip", "wrong", {"member": "$member", "pin": "$pin"}, ("one-moment",), failed="sales"
        ),
        "wrong": SayNode(("wrong-pin",), "menu"),
        "is-vip": BranchNode("level", {"gold": "gold"}, "points"),
        "gold": SetNode({"priority": "3", "language": "en"}, "points"),
        "points": SayNode(("your-points", Phrase("number", "$points")), "menu"),
        "order": HoursNode("office", "order-open", "order-closed", "order-holiday"),
        "order-open": SayNode(("open",), "pause"),
        "pause": RecordNode("pause", "bye"),
        "order-closed": SayNode(("closed",), "bye"),
        "order-holiday": SayNode(("$holiday_prompt",), "bye"),
        "message": GoNode(ToVoicemail("general")),
        "colleague": GoNode(ToAgent("1004")),
        "bye": HangUpNode(("goodbye",)),
    },
    human=ToQueue("sales"),
)

SURGE = Flow(
    "surge",
    "thanks",
    {
        "thanks": SayNode(("surge-thanks",), "ask"),
        "ask": MenuNode(("surge-number",), {"1": "other"}, timeout=2.0, tries=1, failed="promise"),
        "other": CollectNode(("enter-number",), "callback_number", "promise", min_digits=5, failed="promise"),
        "promise": GoNode(ToCallback()),
    },
)
RATING = Flow(
    "rating",
    "ask",
    {
        "ask": MenuNode(("rate-us",), {"1": "thanks", "2": "thanks", "0": "human"}, tries=2, failed="thanks"),
        "thanks": HangUpNode(("thank-you",)),
        "human": GoNode(ToQueue("support")),
    },
)
KEYS = {"1": ToMenu(), "2": ToVoicemail("sales"), "3": ToCallback(), "7": ToNumber("10086"), "9": ToEnd("goodbye")}
OFFICE = Calendar("office", tuple(((540, 1080),) for _ in range(5)), (Holiday("2026-05-01", "Labour Day", "labour-day"),))


def config(**changes: Any) -> Config:
    """The centre; `changes` replaces whole tables, or settings by their own names."""
    queues = [
        Queue("sales", max_wait=120.0, on_timeout=ToQueue("support", priority=2), keys=KEYS, ask_last_agent=True),
        Queue("support", strategy="round_robin", keys=KEYS, announce_agent=True, announce_after=10.0),
        Queue("few", strategy="fewest_calls", wrap_up_seconds=0.0),
        Queue("skilled", strategy="by_skill", skills={"repair": 1}),
        Queue("all", strategy="ring_all", ring_all_most=2, max_misses=1),
        Queue("small", max_length=1, on_full=ToNumber("10010"), max_wait=30.0, on_timeout=ToVoicemail("small")),
        Queue("night", calendar="office", on_closed=ToVoicemail("night")),
        Queue("empty", on_nobody=ToCallback(), announce=False, record=False),
        Queue("vip", priority=5, keys=KEYS),
    ]
    agents = [
        AgentConfig("1001", "Ai", queues=("sales", "few", "small", "night", "vip")),
        AgentConfig("1002", "Bo", queues=("sales", "support", "few", "skilled", "all", "vip"), skills={"repair": 3}),
        AgentConfig("1003", "Chen", queues=("support", "few", "skilled", "all"), skills={"repair": 2}),
        AgentConfig("1004", "Du", queues=("sales", "support", "all", "empty", "small"), skills={"repair": 1}),
    ]
    targets = {
        "4000": ToFlow("main"),
        "4001": ToQueue("sales"),
        "4002": ToQueue("support"),
        "4003": ToQueue("few"),
        "4004": ToQueue("skilled"),
        "4005": ToQueue("all"),
        "4006": ToQueue("small"),
        "4007": ToQueue("night"),
        "4008": ToQueue("empty"),
        "4009": ToQueue("vip"),
        "4010": ToAgent("1004"),
        "4011": ToNumber("10086"),
        "4012": ToVoicemail("general"),
        "4013": ToEnd("closed"),
        "4014": ToCallback(),
    }
    settings = {k: changes.pop(k) for k in list(changes) if k in Settings.__struct_fields__}
    tables: dict[str, Any] = {
        "settings": Settings(**settings),
        "queues": {q.code: q for q in queues},
        "agents": {a.code: a for a in agents},
        "flows": {"main": MAIN},
        "numbers": {n: Number(n, target) for n, target in targets.items()},
        "trunks": {"demo": Trunk("demo", caller_id="4008000000"), "spare": Trunk("spare", prefixes=("+86",), capacity=1)},
        "calendars": {"office": OFFICE},
    }
    return Config(**{**tables, **changes})


def working(**changes: Any) -> Config:
    """The same centre, which calls back by all the rules there are, and has a surge attendant on two numbers."""
    rules = {
        "sales": CallbackRules("progressive"),
        "support": CallbackRules("progressive", first="caller", detect=True, on_machine="goodbye"),
        "few": CallbackRules("preview", against_callers="callbacks_first", most_attempts=2),
        "skilled": CallbackRules(in_turn=True, first="caller", against_callers="callers_first", calendar="office"),
        "all": CallbackRules("progressive", first="caller", retries={"busy": (30.0,), "no_answer": (60.0,)}),
    }
    base = config(callback_queue="sales", zones={"+1": "America/New_York"}, machine_calls=2)
    spot = Surge("spot", ((0.5, 0.3), (1.0, 1.0)), numbers=("4001", "4003"), lines=4, exempt_priority=2, exempt_orders=True)
    queues = {code: replace(queue, callbacks=rules.get(code, queue.callbacks)) for code, queue in base.queues.items()}
    queues["support"] = replace(queues["support"], survey="rating")
    trunks = {**base.trunks, "demo": replace(base.trunks["demo"], kept=2)}
    whole = replace(
        base, queues=queues, trunks=trunks, flows={**base.flows, "surge": SURGE, "rating": RATING}, surges={"spot": spot}
    )
    return replace(whole, **changes)


def web(agent: str) -> str:
    """The account of this agent's browser phone."""
    return f"PJSIP/w{agent}-ab12cd34"


class Centre:
    """A core, the switch it commands, and all that was said. Each event goes to a restored twin too, if there is one.

    `careful`: the promises are checked after each event, and the twin is restored anew before each.
    """

    def __init__(self, configuration: Config | None = None, now: float = MONDAY_NOON, *, careful: bool = True) -> None:
        self.careful = careful
        self.moves: set[tuple[str, str]] = set()  # states of calls, before and after an event
        self.first_config = configuration or config()
        self.acd = Acd(self.first_config)
        self.twin: Acd | None = None
        self.switch = Switch()
        self.now = now
        self.log: list[tuple[events.AnyEvent | None, float]] = []
        self.out: list[Output] = []
        self.requests = 0

    # -- events ------------------------------------------------------------------------------------------------

    def feed(self, event: events.AnyEvent | None) -> list[Output]:
        """One event (None: time) into the core, and its commands into the switch. Nothing is delivered."""
        self.log.append((event, self.now))
        if self.careful:
            self.crash()
        states = {call.id: str(call.state) for call in self.acd.world.state.calls.values()}
        waiting, owed = promises.in_line(self.acd), promises.callbacks_in_line(self.acd)
        out = self.acd.advance(self.now) if event is None else self.acd.handle(event, self.now)
        if self.twin is not None:
            again = self.twin.advance(self.now) if event is None else self.twin.handle(event, self.now)
            assert again == out, "a restored core goes another way"
        promises.first_asked_was_first_served(self.acd, waiting, out)
        promises.earlier_asked_was_called_first(self.acd, owed, out)
        promises.callers_and_callbacks_were_weighed(self.acd, waiting, owed, out)
        now = {call.id: str(call.state) for call in self.acd.world.state.calls.values()}
        self.moves |= {(states.get(call, "OFFERED"), state) for call, state in now.items()}
        self.moves |= {(states.get(f.call, "OFFERED"), "ENDED") for f in out if isinstance(f, facts.CallEnded)}
        self.out += out
        self.switch.perform(out)
        if self.careful:
            promises.check(self.acd)
        return out

    def deliver(self, index: int = 0) -> list[Output]:
        return self.feed(self.switch.flight.pop(index))

    def settle(self) -> None:
        """Deliver all that is in flight, in order."""
        while self.switch.flight:
            self.deliver()
        if self.careful and self.switch.linked:
            promises.truth_agrees(self.acd, self.switch)

    def send(self, event: events.AnyEvent) -> list[Output]:
        """An event and all that the switch says to what follows from it. What the core said."""
        before = len(self.out)
        self.feed(event)
        self.settle()
        return self.out[before:]

    def passes(self, seconds: float) -> list[Output]:
        """Time passes: each deadline is met on time."""
        before, until = len(self.out), self.now + seconds
        while (due := self.acd.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.feed(None)
            self.settle()
        self.now = until
        return self.out[before:]

    def crash(self) -> None:
        """From here on a core restored from a snapshot, through JSON, goes along."""
        self.twin = Acd.restore(json.loads(json.dumps(self.acd.snapshot())))

    def replay(self) -> list[Output]:
        """What a new core says to the same events."""
        acd, out = Acd(self.first_config), []
        for event, now in self.log:
            out += acd.advance(now) if event is None else acd.handle(event, now)
        return out

    # -- people ------------------------------------------------------------------------------------------------

    def calls_in(self, dnis: str = "4001", ani: str = CALLER) -> str:
        """A caller; their leg."""
        leg = self.switch.comes_in()
        self.send(events.CallOffered(leg, ani, dnis, "demo", f"PJSIP/trunk-demo-{leg}"))
        return leg

    def ask(self, kind: type[events.Request], agent: str, /, **more: Any) -> str:
        """A request; the reason of its refusal, or "" when done."""
        self.requests += 1
        out = self.send(kind(f"r{self.requests}", "test", agent, **more))
        answer = next(x for x in out if isinstance(x, facts.RequestDone | facts.RequestRefused))
        assert (answer.request, answer.agent, answer.action) == (f"r{self.requests}", agent, kind.__name__)
        return answer.reason if isinstance(answer, facts.RequestRefused) else ""

    def sign_in(self, *agents: str, ready: bool = True) -> None:
        for agent in agents:
            assert not self.ask(events.SignIn, agent, endpoint=f"PJSIP/{agent}", ready=ready)

    def sign_in_by_browser(self, *agents: str) -> None:
        """Ready, with phones in browsers, which have registered."""
        for agent in agents:
            assert not self.ask(events.SignIn, agent, endpoint=web(agent), ready=True)
            self.registers(agent)

    def registers(self, agent: str, online: bool = True) -> None:
        """The browser's phone came, or is gone."""
        self.send(events.PhoneChanged(web(agent), online))

    def phone(self, agent: str) -> str:
        """The leg to this agent's phone; "" when there is none."""
        endpoints = (f"PJSIP/{agent}", web(agent))
        legs = [leg for leg, channel in self.switch.channels.items() if channel.endpoint in endpoints]
        assert len(legs) <= 1, f"{agent} has {legs}"
        return legs[0] if legs else ""

    def line_to(self, number: str) -> str:
        """The leg dialled to an outside number; "" when there is none."""
        starts = f"PJSIP/{number}@"
        return next((leg for leg, channel in self.switch.channels.items() if channel.endpoint.startswith(starts)), "")

    def answers(self, who: str) -> str:
        """An agent, or an outside number, picks up; the leg."""
        leg = self.phone(who) or self.line_to(who) or who
        self.switch.rings(leg)
        self.switch.answers(leg)
        self.settle()
        return leg

    def hangs_up(self, who: str, cause: int = 16) -> None:
        """An agent, an outside number, or a caller by their leg."""
        self.switch.ends(self.phone(who) or self.line_to(who) or who, cause)
        self.settle()

    def presses(self, leg: str, keys: str) -> None:
        for key in keys:
            self.switch.presses(leg, key)
            self.settle()

    def listens(self, leg: str, times: int = 1) -> tuple[str, ...]:
        """The caller hears what is played to the end; the last sounds heard."""
        heard: tuple[str, ...] = ()
        for _ in range(times):
            play, heard = next(iter(self.switch.channels[leg].plays.items()))
            self.switch.finishes_play(leg, play)
            self.settle()
        return heard

    def says(self, leg: str) -> tuple[str, ...]:
        """The sounds that are played to a leg now."""
        return next(iter(self.switch.channels[leg].plays.values()), ())

    def looks_up(self, found: bool = True, *, failed: bool = False, **values: str) -> commands.LookUp:
        """The business data answers the oldest question."""
        question = self.switch.lookups.pop(0)
        self.send(events.LookedUp(question.call, question.lookup, found, values, failed))
        return question

    def stores(self, *, failed: bool = False) -> None:
        self.send(events.Stored(self.switch.stores.pop(0).token, failed))

    # -- what became of it -------------------------------------------------------------------------------------

    def call_of(self, leg: str) -> Call:
        return next(call for call in self.acd.world.state.calls.values() if call.customer == leg)

    def state(self, agent: str) -> str:
        return str(self.acd.world.state.agents[agent].state)

    def reason(self, agent: str) -> str:
        return self.acd.world.state.agents[agent].reason

    def told(self, kind: type[msgspec.Struct]) -> list[Any]:
        return [item for item in self.out if isinstance(item, kind)]

    def last(self, kind: type[msgspec.Struct]) -> Any:
        return self.told(kind)[-1]

    def connected(self, agent: str = "1001", dnis: str = "4001", ani: str = CALLER) -> str:
        """A caller who talks with the agent; their leg."""
        leg = self.calls_in(dnis, ani)
        self.answers(agent)
        if self.says(leg)[:1] == ("agent-number-is",):
            self.listens(leg)
        assert self.switch.talks_with(leg) == {self.phone(agent)}
        return leg

    def talking(self, *others: str) -> str:
        """A caller in a talk with 1001; others are ready."""
        self.sign_in("1001")
        caller = self.connected()
        self.sign_in(*others)
        return caller

    def together(self, caller: str) -> set[str]:
        """Who talks with the caller: agents by code, numbers by number."""
        endpoints = {self.switch.channels[leg].endpoint for leg in self.switch.talks_with(caller)}
        return {re.sub(r"PJSIP/w?(\+?\d+).*", r"\1", endpoint) for endpoint in endpoints}
