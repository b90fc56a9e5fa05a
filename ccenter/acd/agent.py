"""An agent: what a seat is, and which states it goes through.

`TRANSITIONS` is the whole truth about agent states. None: legal there and changes nothing (a request is refused).
What an agent asks for while busy with a call is kept in `after` and happens when the call and its wrap-up are done.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from ccenter.acd import facts

if TYPE_CHECKING:
    from ccenter.acd.world import World


class AgentState(StrEnum):
    LOGGED_OUT = "LOGGED_OUT"
    READY = "READY"
    RESERVED = "RESERVED"  # their phone rings, or is being rung for a call they asked for
    TALKING = "TALKING"
    WRAP_UP = "WRAP_UP"
    NOT_READY = "NOT_READY"


class AgentTrigger(StrEnum):
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    READY = "ready"
    NOT_READY = "not_ready"
    RESERVE = "reserve"
    TALK = "talk"
    WRAP_UP = "wrap_up"


S, T = AgentState, AgentTrigger
TRANSITIONS: dict[AgentState, dict[AgentTrigger, AgentState | None]] = {
    S.LOGGED_OUT: {
        T.SIGN_IN: S.NOT_READY,
        T.SIGN_OUT: None,
        T.READY: None,
        T.NOT_READY: None,
        T.RESERVE: None,
        T.TALK: None,
        T.WRAP_UP: None,
    },
    S.READY: {
        T.SIGN_IN: None,
        T.SIGN_OUT: S.LOGGED_OUT,
        T.READY: None,
        T.NOT_READY: S.NOT_READY,
        T.RESERVE: S.RESERVED,
        T.TALK: None,
        T.WRAP_UP: None,
    },
    S.RESERVED: {
        T.SIGN_IN: None,
        T.SIGN_OUT: S.LOGGED_OUT,
        T.READY: S.READY,
        T.NOT_READY: S.NOT_READY,
        T.RESERVE: None,
        T.TALK: S.TALKING,
        T.WRAP_UP: None,
    },
    S.TALKING: {
        T.SIGN_IN: None,
        T.SIGN_OUT: S.LOGGED_OUT,
        T.READY: S.READY,
        T.NOT_READY: S.NOT_READY,
        T.RESERVE: None,
        T.TALK: None,
        T.WRAP_UP: S.WRAP_UP,
    },
    S.WRAP_UP: {
        T.SIGN_IN: None,
        T.SIGN_OUT: S.LOGGED_OUT,
        T.READY: S.READY,
        T.NOT_READY: S.NOT_READY,
        T.RESERVE: S.RESERVED,
        T.TALK: None,
        T.WRAP_UP: None,
    },
    S.NOT_READY: {
        T.SIGN_IN: None,
        T.SIGN_OUT: S.LOGGED_OUT,
        T.READY: S.READY,
        T.NOT_READY: S.NOT_READY,
        T.RESERVE: S.RESERVED,
        T.TALK: None,
        T.WRAP_UP: None,
    },
}

PHONE_OFFLINE = "phone_offline"  # reason codes that the core itself gives
MISSED = "missed_calls"
PHONE_BUSY = "phone_busy"
SIGNED_IN = "signed_in"


class Agent(Struct):
    code: str
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    since: float = 0.0
    endpoint: str = ""
    web: bool = False  # the phone is a browser's, with an account of its own for each sign-in: "PJSIP/w1001-ab12cd34"
    online: bool = True  # the phone answers, as far as the switch knows
    away: float = 0.0  # since when a browser's phone is lost in mid-call
    call: str = ""  # the one call this agent is on, rings for, or wraps up
    misses: int = 0  # in a row
    idle_since: float = 0.0
    turn: int = 0  # when last offered a call, counted in offers: round robin
    calls: int = 0  # taken since sign-in: fewest calls
    after: str = ""  # LOGGED_OUT or NOT_READY, wanted when free
    after_reason: str = ""
    allows: tuple[str, ...] = ("SignIn",)  # what was told last


def is_web(endpoint: str) -> bool:
    return endpoint.startswith("PJSIP/w")


def change(w: World, agent: Agent, trigger: AgentTrigger, reason: str = "") -> bool:
    """Take the transition if there is one, tell it, and keep the index of ready agents."""
    state = TRANSITIONS[agent.state][trigger]
    if state is None or (state == agent.state and reason == agent.reason):
        return False
    was, lasted = agent.state, w.now - agent.since
    agent.state, agent.reason, agent.since = state, reason, w.now
    w.touched[agent.code] = agent
    del w.by_state[was][agent.code]
    w.by_state[state][agent.code] = None
    if state is AgentState.READY or was is AgentState.READY:
        w.rouse = True
    if state is AgentState.READY:
        w.new_ready[agent.code] = None
        if was is not AgentState.RESERVED:
            agent.idle_since = w.now
    if state in (AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT):
        agent.call = ""
    if was is AgentState.WRAP_UP:
        w.quiet("wrap", agent.code)
    elif was is AgentState.NOT_READY:
        w.quiet("rest", agent.code)
    elif agent.away:
        no_longer_away(w, agent)
    w.out.append(facts.AgentChanged(w.seq(), w.now, agent.code, state, reason, agent.call, agent.endpoint, was, round(lasted, 3)))
    return True


def reserve(w: World, agent: Agent, call: str) -> bool:
    """Take a free agent for a call. Who was not ready returns to that when the call is over."""
    if TRANSITIONS[agent.state][T.RESERVE] is None:
        return False
    if agent.state is AgentState.NOT_READY and agent.reason not in (PHONE_BUSY, PHONE_OFFLINE):  # those pass by themselves
        agent.after, agent.after_reason = AgentState.NOT_READY, agent.reason
    agent.call = call
    w.state.turn += 1
    agent.turn = w.state.turn
    return change(w, agent, T.RESERVE)


def no_longer_away(w: World, agent: Agent) -> None:
    agent.away = 0.0
    w.quiet("away", agent.code)
    w.quiet("again", agent.code)


def settle(w: World, agent: Agent) -> None:
    """The agent is free: what they asked for meanwhile, a lost phone, or ready."""
    if agent.after == AgentState.LOGGED_OUT:
        sign_out(w, agent)
    elif agent.after == AgentState.NOT_READY:
        reason, agent.after, agent.after_reason = agent.after_reason, "", ""
        change(w, agent, T.NOT_READY, reason)
    elif not agent.online:
        change(w, agent, T.NOT_READY, PHONE_OFFLINE)
    else:
        change(w, agent, T.READY)


def sign_out(w: World, agent: Agent) -> None:
    agent.after = agent.after_reason = ""
    change(w, agent, T.SIGN_OUT)
    w.endpoints.pop(agent.endpoint, None)
    agent.endpoint, agent.web = "", False


def missed(w: World, agent: Agent, reason: str, most: int) -> None:
    """An offer failed. After `most` misses in a row the agent is taken out; a refusing phone is left alone for a while.

    A phone that is gone takes calls again as soon as it is back.
    """
    agent.idle_since = w.now  # to the back of the line of idle agents
    if agent.online:  # a phone that is gone is nobody's fault
        agent.misses += 1
    if agent.after or not agent.online:
        settle(w, agent)
    elif agent.misses >= most:
        agent.misses = 0
        change(w, agent, T.NOT_READY, MISSED)
    elif reason == "no_answer":
        settle(w, agent)
    else:
        rest(w, agent)


def rest(w: World, agent: Agent) -> None:
    """The phone takes no call just now: it is left alone for a while, so that no caller waits for it in vain."""
    change(w, agent, T.NOT_READY, PHONE_BUSY)
    w.alarm("rest", agent.code, w.now + w.settings.rest_seconds)


def finished(w: World, agent: Agent, wrap_up: float) -> None:
    """The talk is over."""
    agent.misses = 0
    if agent.state is not AgentState.TALKING:
        if agent.state is AgentState.RESERVED:
            settle(w, agent)
    elif wrap_up > 0 and change(w, agent, T.WRAP_UP):
        w.alarm("wrap", agent.code, w.now + wrap_up)
    else:
        settle(w, agent)


def phone_changed(w: World, agent: Agent, online: bool) -> None:
    """The phone registered or stopped answering. Only an idle agent changes state by it."""
    if agent.online == online:
        return
    agent.online = online
    w.touched[agent.code] = agent
    w.out.append(facts.PhoneStateChanged(w.seq(), w.now, agent.code, agent.endpoint, online))
    if not online and agent.state is AgentState.READY:
        change(w, agent, T.NOT_READY, PHONE_OFFLINE)
    elif online and agent.state is AgentState.NOT_READY and agent.reason == PHONE_OFFLINE:
        change(w, agent, T.READY)
