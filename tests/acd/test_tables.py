"""The transition tables are complete, and every transition in them happens."""

from collections.abc import Callable

import pytest

from ccenter.acd import agent, call, events, facts
from ccenter.acd.agent import AgentState, AgentTrigger
from ccenter.acd.call import CallState, CallTrigger
from ccenter.acd.config import Queue, ToAgent, ToFlow, ToNumber, ToQueue
from tests.acd.centre import KEYS, Centre, config

TABLES = pytest.mark.parametrize(
    ("table", "states", "triggers", "first"),
    [
        (call.TRANSITIONS, CallState, CallTrigger, CallState.OFFERED),
        (agent.TRANSITIONS, AgentState, AgentTrigger, AgentState.LOGGED_OUT),
    ],
    ids=["call", "agent"],
)


@TABLES
def test_given_a_table_then_every_cell_is_there(table: dict, states: type, triggers: type, first: str) -> None:  # type: ignore[type-arg]
    assert list(table) == list(states)
    for state, row in table.items():
        assert list(row) == list(triggers), state
        assert all(following is None or following in states for following in row.values()), state


@TABLES
def test_given_a_table_then_every_state_can_be_reached(table: dict, states: type, triggers: type, first: str) -> None:  # type: ignore[type-arg]
    reached, new = {first}, [first]
    while new:
        for following in table[new.pop()].values():
            if following is not None and following not in reached:
                reached.add(following)
                new.append(following)
    assert reached == set(states)


def test_given_an_ended_call_then_nothing_moves_it() -> None:
    assert set(call.TRANSITIONS[CallState.ENDED].values()) == {None}


def test_given_a_fact_of_a_state_then_its_names_are_the_tables() -> None:
    assert list(CallState) == list(facts.CallState.__args__)
    assert list(AgentState) == list(facts.AgentState.__args__)


# -- every transition happens ----------------------------------------------------------------------------------


def free(c: Centre) -> str:
    c.sign_in("1001")
    return ""


def rings(c: Centre) -> str:
    c.sign_in("1001")
    return c.calls_in("4001")


def talks(c: Centre) -> str:
    c.sign_in("1001")
    return c.connected()


def talks_briefly(c: Centre) -> str:
    c.sign_in("1001")
    return c.connected(dnis="4003")  # a queue without wrap-up


def wraps_up(c: Centre) -> str:
    c.hangs_up(talks(c))
    return ""


def ask(kind: type[events.Request], **more: object) -> Callable[[Centre, str], None]:
    def act(c: Centre, caller: str) -> None:
        assert c.ask(kind, "1001", **more) == ""

    return act


def hang_up(c: Centre, caller: str) -> None:
    c.hangs_up(caller)


def then(*acts: Callable[[Centre, str], None]) -> Callable[[Centre, str], None]:
    def act(c: Centre, caller: str) -> None:
        for one in acts:
            one(c, caller)

    return act


lunch = ask(events.NotReady, reason="lunch")
AGENT_MOVES: list[tuple[str, str, Callable[[Centre], str], Callable[[Centre, str], None]]] = [
    ("LOGGED_OUT", "NOT_READY", lambda c: "", lambda c, x: c.sign_in("1001", ready=False)),
    ("READY", "LOGGED_OUT", free, ask(events.SignOut)),
    ("READY", "NOT_READY", free, lunch),
    ("READY", "RESERVED", free, lambda c, x: c.calls_in("4001") and None),
    ("RESERVED", "LOGGED_OUT", rings, ask(events.SignOut)),
    ("RESERVED", "READY", rings, hang_up),
    ("RESERVED", "NOT_READY", rings, lunch),
    ("RESERVED", "TALKING", rings, lambda c, x: c.answers("1001") and None),
    ("TALKING", "WRAP_UP", talks, hang_up),
    ("TALKING", "READY", talks_briefly, hang_up),
    ("TALKING", "NOT_READY", talks_briefly, then(lunch, hang_up)),
    ("TALKING", "LOGGED_OUT", talks_briefly, then(ask(events.SignOut), hang_up)),
    ("WRAP_UP", "READY", wraps_up, ask(events.Ready)),
    ("WRAP_UP", "NOT_READY", wraps_up, lunch),
    ("WRAP_UP", "LOGGED_OUT", wraps_up, ask(events.SignOut)),
    ("WRAP_UP", "RESERVED", wraps_up, ask(events.DialNumber, number="10086")),
    ("NOT_READY", "READY", lambda c: c.sign_in("1001", ready=False) or "", ask(events.Ready)),
    ("NOT_READY", "NOT_READY", lambda c: c.sign_in("1001", ready=False) or "", lunch),
    ("NOT_READY", "LOGGED_OUT", lambda c: c.sign_in("1001", ready=False) or "", ask(events.SignOut)),
    ("NOT_READY", "RESERVED", lambda c: c.sign_in("1001", ready=False) or "", ask(events.DialNumber, number="10086")),
]


@pytest.mark.parametrize(("was", "state", "situation", "act"), AGENT_MOVES, ids=[f"{m[0]}-{m[1]}" for m in AGENT_MOVES])
def test_given_an_agent_when_it_should_then_each_transition_of_the_table_happens(
    centre: Centre, was: str, state: str, situation: Callable[[Centre], str], act: Callable[[Centre, str], None]
) -> None:
    caller = situation(centre)
    assert centre.state("1001") == was
    act(centre, caller)
    assert (was, state) in [(f.was, f.state) for f in centre.told(facts.AgentChanged) if f.agent == "1001"]


def test_given_the_agents_table_then_the_scenarios_above_are_all_of_it() -> None:
    cells = {(s, t) for s, row in agent.TRANSITIONS.items() for t in row.values() if t is not None}
    assert cells == {(was, state) for was, state, _, _ in AGENT_MOVES}


def menu(c: Centre) -> str:
    c.sign_in("1001")
    caller = c.calls_in("4000")
    c.listens(caller)
    return caller


def waits(c: Centre) -> str:
    return c.calls_in("4001")


def holds(c: Centre) -> str:
    caller = talks(c)
    c.ask(events.HoldCall, "1001")
    return caller


def consults(c: Centre) -> str:
    caller = talks(c)
    c.ask(events.ConsultWith, "1001", target=ToNumber("10086"))
    c.answers("10086")
    return caller


def three(c: Centre) -> str:
    caller = consults(c)
    c.ask(events.JoinAll, "1001")
    return caller


def offered(c: Centre) -> str:
    return ""


def send(target: object) -> Callable[[Centre, str], None]:
    return ask(events.TransferCall, target=target)


def presses(key: str) -> Callable[[Centre, str], None]:
    return lambda c, caller: c.presses(caller, key)


CALL_MOVES: list[tuple[str, str, Callable[[Centre], str], Callable[[Centre, str], None]]] = [
    ("OFFERED", "IVR", offered, lambda c, x: c.calls_in("4000") and None),
    ("OFFERED", "QUEUED", offered, lambda c, x: c.calls_in("4001") and None),
    ("OFFERED", "RESERVED", free, lambda c, x: c.calls_in("4001") and None),
    ("OFFERED", "ENDED", offered, lambda c, x: c.calls_in("4999") and None),
    ("IVR", "IVR", menu, presses("8")),
    ("IVR", "QUEUED", lambda c: (c.listens(leg := c.calls_in("4000")) and leg) or leg, presses("1")),
    ("IVR", "RESERVED", menu, presses("1")),
    ("IVR", "ENDED", menu, hang_up),
    ("QUEUED", "IVR", waits, presses("2")),
    ("QUEUED", "QUEUED", waits, lambda c, x: c.passes(120) and None),
    ("QUEUED", "RESERVED", waits, lambda c, x: c.sign_in("1001")),
    ("QUEUED", "ENDED", waits, hang_up),
    ("RESERVED", "IVR", rings, presses("2")),
    ("RESERVED", "QUEUED", rings, lambda c, x: c.hangs_up("1001", 17)),
    ("RESERVED", "RESERVED", rings, lambda c, x: c.passes(20) and None),
    ("RESERVED", "CONNECTED", rings, lambda c, x: c.answers("1001") and None),
    ("RESERVED", "ENDED", rings, hang_up),
    ("CONNECTED", "IVR", talks, send(ToFlow("main"))),
    ("CONNECTED", "QUEUED", talks, send(ToQueue("sales"))),
    ("CONNECTED", "RESERVED", talks, then(lambda c, x: c.sign_in("1003"), send(ToAgent("1003")))),
    ("CONNECTED", "CONNECTED", three, ask(events.LeaveCall)),
    ("CONNECTED", "HELD", talks, ask(events.HoldCall)),
    ("CONNECTED", "ENDED", talks, hang_up),
    ("HELD", "IVR", holds, send(ToFlow("main"))),
    ("HELD", "QUEUED", holds, send(ToQueue("sales"))),
    ("HELD", "RESERVED", holds, then(lambda c, x: c.sign_in("1003"), send(ToAgent("1003")))),
    ("HELD", "CONNECTED", holds, ask(events.ResumeCall)),
    ("HELD", "ENDED", holds, hang_up),
]


@pytest.mark.parametrize(("was", "state", "situation", "act"), CALL_MOVES, ids=[f"{m[0]}-{m[1]}" for m in CALL_MOVES])
def test_given_a_call_when_it_should_then_each_transition_of_the_table_happens(
    was: str, state: str, situation: Callable[[Centre], str], act: Callable[[Centre, str], None]
) -> None:
    sales = Queue("sales", keys=KEYS, max_wait=120.0, on_timeout=ToQueue("few"))
    centre = Centre(config(queues={**config().queues, "sales": sales}))
    caller = situation(centre)
    centre.moves.clear()
    act(centre, caller)
    assert (was, state) in centre.moves


def test_given_the_calls_table_then_the_scenarios_above_are_all_of_it() -> None:
    cells = {(s, t) for s, row in call.TRANSITIONS.items() for t in row.values() if t is not None}
    assert cells == {(was, state) for was, state, _, _ in CALL_MOVES}
