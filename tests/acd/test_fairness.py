"""The published order of service: earlier asked is earlier called, callers and callbacks by the queue's rule, nobody twice, nobody dropped."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from ccenter.acd import events, facts, owing
from ccenter.acd.callback import CallbackState
from ccenter.acd.config import AgentConfig, Calendar, CallbackRules, Config, Number, Queue, ToQueue, Trunk
from tests.acd import promises
from tests.acd.centre import Centre, config

AGEING = 60.0
AGENTS = ("1001", "1002", "1003")
PEOPLE = [f"+861380000010{i}" for i in range(5)]


def two_queues(rules: CallbackRules, **more: Any) -> Config:
    """4001 is an ordinary queue's, 4002 that of one with a priority worth two minutes; all agents serve both."""
    queues = {
        q.code: replace(q, callbacks=rules)
        for q in (Queue("a", wrap_up_seconds=0.0), Queue("b", priority=2, wrap_up_seconds=0.0))
    }
    agents = {code: AgentConfig(code, queues=("a", "b")) for code in AGENTS}
    numbers = {"4001": Number("4001", ToQueue("a")), "4002": Number("4002", ToQueue("b"))}
    base = config(ageing=AGEING, callback_queue="a")
    return replace(base, queues=queues, agents=agents, numbers=numbers, **more)


# -- the order -------------------------------------------------------------------------------------------------

ASKED = st.lists(st.tuples(st.booleans(), st.sampled_from(["4001", "4002"]), st.floats(0.5, 90.0)), min_size=2, max_size=9)


@pytest.mark.parametrize("first", ["agent", "caller"])
@pytest.mark.parametrize("weighed", ["by_age", "callers_first", "callbacks_first"])
@given(asked=ASKED)
@settings(max_examples=40)
def test_given_callers_and_callbacks_in_any_mixture_when_one_agent_serves_them_then_the_order_is_the_published_one(
    weighed: Any, first: Any, asked: list[tuple[bool, str, float]]
) -> None:
    c = Centre(two_queues(CallbackRules("progressive", first=first, against_callers=weighed)), careful=False)
    numbers = [f"+861380001{place:04}" for place in range(len(asked))]
    places: dict[str, tuple[float, int]] = {}
    legs: dict[str, str] = {}
    for place, (gives_up, dnis, later) in enumerate(asked):
        c.passes(later)
        number = numbers[place]
        places[number] = (c.now - (2 * AGEING if dnis == "4002" else 0.0), place)
        legs[number] = c.calls_in(dnis, number)
        if gives_up:
            c.hangs_up(legs.pop(number))
    by_age = sorted(places, key=lambda number: places[number])
    before = {"by_age": 0, "callers_first": 1, "callbacks_first": -1}[weighed]
    wanted = sorted(by_age, key=lambda number: before * (number not in legs))
    c.sign_in("1001")
    served = []
    for _ in asked:
        number = being_served(c)
        served.append(number)
        if number in legs:
            c.answers("1001")
            c.hangs_up(legs[number])
        else:
            for phone in ("1001", number) if first == "agent" else (number, "1001"):
                c.answers(phone)
            c.hangs_up(number)
    assert served == wanted


def being_served(c: Centre) -> str:
    """The customer for whom an agent is rung, or kept free."""
    calls = c.acd.world.state.calls.values()
    return next(call.dial_to if call.direction == "out" else call.ani for call in calls if call.offers or call.held_for)


# -- allowed hours ---------------------------------------------------------------------------------------------

CLOCKS = {  # zone -> a day on which its clock changes, or another
    "Asia/Shanghai": "2026-03-02",
    "America/New_York": "2026-03-08",
    "Europe/Berlin": "2026-10-25",
    "Australia/Lord_Howe": "2026-04-05",  # by half an hour
    "America/Santiago": "2026-09-06",  # at midnight: 00:00 does not exist
    "Asia/Kathmandu": "2026-03-02",  # +05:45
}
MINUTE = st.integers(0, 288).map(lambda five: five * 5)
PERIODS = st.lists(st.tuples(MINUTE, MINUTE).map(lambda two: (min(two), max(two))), min_size=1, max_size=2)


@given(
    zone=st.sampled_from(list(CLOCKS)),
    week=st.lists(PERIODS, min_size=7, max_size=7),
    minutes=st.integers(-26 * 60, 26 * 60),
    seconds=st.floats(0.0, 59.9),
)
def test_given_any_hours_in_any_zone_when_a_callback_is_owed_then_it_is_dialled_in_the_first_minute_they_allow(
    zone: str, week: list[list[tuple[int, int]]], minutes: int, seconds: float
) -> None:
    start = datetime.fromisoformat(CLOCKS[zone]).replace(tzinfo=ZoneInfo(zone)).timestamp() // 60 * 60 + minutes * 60 + seconds
    calendar = Calendar("calling", tuple(tuple(day) for day in week))
    rules = CallbackRules("progressive", calendar="calling", expire_seconds=30 * 86400.0)
    c = Centre(replace(two_queues(rules, calendars={"calling": calendar})), start, careful=False)
    c.acd.handle(events.ConfigChanged(replace(c.acd.config, settings=replace(c.acd.config.settings, zones={"+86": zone}))), start)
    c.hangs_up(c.calls_in("4001", PEOPLE[0]))
    c.sign_in("1001")
    opens = first_allowed(zone, week, start)
    if opens > start:
        assert not c.phone("1001"), "it is not an allowed hour"
        c.passes(opens - start - 0.01)
        assert not c.phone("1001"), f"called before {datetime.fromtimestamp(opens, UTC)}"
        c.passes(0.01)
    assert bool(c.phone("1001")) == (opens < start + 3 * 86400), f"not called at {datetime.fromtimestamp(opens, UTC)}"


def first_allowed(zone: str, week: list[list[tuple[int, int]]], start: float) -> float:
    """The customer's clock is looked at in each minute, for three days."""
    clock = datetime.fromtimestamp(start // 60 * 60, UTC)
    while clock.timestamp() < start + 3 * 86400:
        there = clock.astimezone(ZoneInfo(zone))
        if any(begin <= there.hour * 60 + there.minute < end for begin, end in week[there.weekday()]):
            break
        clock += timedelta(minutes=1)
    return max(start, clock.timestamp())


# -- nobody twice, nobody dropped ------------------------------------------------------------------------------

RULES = st.builds(
    CallbackRules,
    mode=st.sampled_from(["pull", "preview", "progressive"]),
    in_turn=st.booleans(),
    first=st.sampled_from(["agent", "caller"]),
    against_callers=st.sampled_from(["by_age", "callers_first", "callbacks_first"]),
    calendar=st.sampled_from(["", "office"]),
    detect=st.booleans(),
    most_attempts=st.integers(1, 3),
    preview_seconds=st.just(20.0),
    expire_seconds=st.just(60 * 86400.0),
)
SOMEBODY, ANYBODY = st.sampled_from(PEOPLE), st.sampled_from(AGENTS)


class Owed(RuleBasedStateMachine):
    """Five customers and three agents, by any rules; and in the end everybody owed a call is called till nothing is owed."""

    @initialize(rules=RULES, lines=st.integers(2, 5), kept=st.integers(0, 1))
    def the_day_begins(self, rules: CallbackRules, lines: int, kept: int) -> None:
        trunks = {"demo": Trunk("demo", caller_id="4008000000", capacity=lines, kept=kept)}
        self.c = Centre(two_queues(rules, trunks=trunks), careful=False)
        self.c.sign_in("1001", "1002", ready=False)
        for number in PEOPLE[:2]:
            self.c.hangs_up(self.c.calls_in("4001", number))

    @rule(agent=ANYBODY, ready=st.booleans())
    def signs_in(self, agent: str, ready: bool) -> None:
        self.c.ask(events.SignIn, agent, endpoint=f"PJSIP/{agent}", ready=ready)

    @rule(agent=ANYBODY, kind=st.sampled_from([events.Ready, events.NotReady, events.NextCallback, events.SignOut]))
    def clicks(self, agent: str, kind: Any) -> None:
        self.c.ask(kind, agent, **({"reason": "lunch"} if kind is events.NotReady else {}))

    @rule(number=SOMEBODY, dnis=st.sampled_from(["4001", "4002"]), stays=st.booleans())
    def calls(self, number: str, dnis: str, stays: bool) -> None:
        leg = self.c.calls_in(dnis, number)
        if not stays:
            self.c.hangs_up(leg)

    @rule(number=SOMEBODY, task=st.integers(0, 9), agent=st.sampled_from(["", *AGENTS]), customer=st.sampled_from(["", "7"]))
    def a_task_is_due(self, number: str, task: int, agent: str, customer: str) -> None:
        about = {"kind": "follow_up", "number": number, "queue": "a", "at": self.c.now, "customer": customer}
        self.c.ask(events.ReleaseTask, agent, task=f"t{task}", **about)

    @rule(agent=ANYBODY, number=SOMEBODY)
    def dials(self, agent: str, number: str) -> None:
        self.c.ask(events.DialNumber, agent, number=number)

    @rule(agent=ANYBODY, index=st.integers(0, 1))
    def takes_one(self, agent: str, index: int) -> None:
        if owed := list(self.c.acd.world.state.callbacks):
            self.c.ask(events.DialCallback, agent, callback=owed[index % len(owed)])

    @rule(index=st.integers(0, 9), answers=st.booleans(), cause=st.sampled_from([1, 17, 19, 21, 38]))
    def a_phone_rings(self, index: int, answers: bool, cause: int) -> None:
        if ringing := [leg for leg, ch in self.c.switch.channels.items() if ch.state in ("dialling", "ringing")]:
            leg = ringing[index % len(ringing)]
            self.c.answers(leg) if answers else self.c.hangs_up(leg, cause)

    @rule(index=st.integers(0, 9))
    def hangs_up(self, index: int) -> None:
        if legs := list(self.c.switch.channels):
            self.c.hangs_up(legs[index % len(legs)])

    @rule(index=st.integers(0, 9), result=st.sampled_from(owing.RESULTS))
    def says(self, index: int, result: str) -> None:
        if owed := list(self.c.acd.world.state.callbacks.values()):
            entry = owed[index % len(owed)]
            at = self.c.now + 100.0 if result == "later" else None
            self.c.ask(events.CallbackResult, entry.by or "1001", callback=entry.id, result=result, at=at)

    @rule(seconds=st.sampled_from([1.0, 30.0, 200.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        self.c.passes(seconds)

    @rule()
    def the_process_is_restored(self) -> None:
        self.c.crash()

    @invariant()
    def check(self) -> None:
        promises.check(self.c.acd)
        called = [channel.endpoint for channel in self.c.switch.channels.values() if "@" in channel.endpoint]
        assert len(called) == len(set(called)), f"rung twice at once: {called}"

    def teardown(self) -> None:
        """Agents who answer come, customers answer: whoever was owed a call has been called, or was closed with a reason."""
        if not hasattr(self, "c"):
            return
        self.check()
        c = self.c
        self.c.ask(events.SignIn, "1001", endpoint="PJSIP/1001", ready=True)
        for _ in range(400):
            if not (c.acd.world.state.callbacks or c.acd.world.state.calls):
                break
            self.somebody_works()
            promises.check(c.acd)
        left = [(entry.id, str(entry.state), entry.by, entry.line) for entry in c.acd.world.state.callbacks.values()]
        assert not left, f"never called: {left}"
        promises.who_reached_nobody_is_owed_a_call(c.acd, c.out)
        rung = {f.callback for f in c.told(facts.CallbackDialled)}
        for fact in c.told(facts.CallbackClosed):
            assert fact.callback in rung or fact.reason in ("called_in", "moved", "do_not_call"), (
                f"given up without a call: {fact}"
            )

    def somebody_works(self) -> None:
        c = self.c
        ringing = [leg for leg, channel in c.switch.channels.items() if channel.state in ("dialling", "ringing")]
        entry = next(iter(c.acd.world.state.callbacks.values()), None)
        if ringing:
            c.answers(ringing[0])
        elif c.switch.channels:
            c.hangs_up(next(iter(c.switch.channels)))
        elif entry is not None and entry.state is CallbackState.RESULT:
            c.ask(events.CallbackResult, "1001", callback=entry.id, result="done")
        elif c.ask(events.NextCallback, "1001"):
            c.ask(events.Ready, "1001")
            until = c.now + 1800.0
            while not c.switch.channels and (due := c.acd.next_deadline()) is not None and c.now < due <= until:
                c.passes(due - c.now)
            if not c.switch.channels:
                c.passes(until - c.now)


TestOwed = Owed.TestCase
TestOwed.settings = settings(max_examples=100, stateful_step_count=50)
