"""What a seat is doing now, as far as that decides what it may ask for.

`WHY_NOT` holds the condition of each request, on the situation alone: "" or the code of the reason why not. `requests.perform`
asks it before a handler, `requests.allowed` beforehand for a screen, so what is allowed is what would be accepted. What lies
in a request's arguments (a target that is busy, a call that is gone) is the handler's to refuse.
"""

from collections.abc import Callable
from typing import NamedTuple

from ccenter.acd import events
from ccenter.acd.agent import Agent, AgentState
from ccenter.acd.call import CallState
from ccenter.acd.world import World

S = AgentState
TALK = (CallState.CONNECTED, CallState.HELD)


class Situation(NamedTuple):
    state: AgentState
    online: bool
    known: bool  # is set up
    place: str = ""  # rings; held (for a customer who is rung first); lead (monitors); serves (the customer is theirs);
    # other (consulted, or called by a colleague)
    call: CallState | None = None  # of the call they serve, from here on
    direction: str = ""
    party: str = ""  # calling, up, joined; invited: nobody is there yet whom a conference waits for
    recorded: bool = False
    paused: bool = False
    away: bool = False  # their phone is lost, or that of the colleague they called
    web: bool = False  # their phone is a browser's


Key = tuple[object, ...]
NAMES: dict[Key, tuple[str, ...]] = {}  # situation -> what it allows; they are few


def key_of(w: World, agent: Agent) -> Key:
    """The situation's first fields, as a plain tuple: it is asked for after almost every event."""
    state = agent.state
    if state is not S.TALKING:
        if state is S.RESERVED:
            held = w.state.calls[agent.call].held_for == agent.code
            return (state, agent.online, True, "lead" if agent.code in w.watches else "held" if held else "rings")
        return (state, agent.online, agent.code in w.state.config.agents)
    call = w.state.calls.get(agent.call)
    if agent.code in w.watches:
        return (state, agent.online, True, "lead")
    if call is None or call.agent != agent.code:
        return (state, agent.online, True, "other", None, "", "", False, False, agent.away != 0.0, agent.web)
    party = call.party
    return (
        state,
        agent.online,
        True,
        "serves",
        call.state,
        call.direction,
        ("invited" if call.guests else "") if party is None else "joined" if party.joined else "up" if party.up else "calling",
        call.recording != "",
        call.paused,
        w.waits(call),
        agent.web,
    )


def why_not(w: World, agent: Agent, kind: type) -> str:
    return WHY_NOT[kind](_situation(key_of(w, agent)))


def allowed(w: World, agent: Agent) -> tuple[str, ...]:
    """The names of the requests this seat could make now, sorted."""
    state = agent.state
    if state is S.RESERVED:  # two short ways, for what happens in each call
        if agent.code not in w.watches and w.state.calls[agent.call].held_for != agent.code:
            return WHEN_RINGING
    elif state is not S.TALKING and agent.online and state is not S.LOGGED_OUT:
        return WHEN_FREE
    key = key_of(w, agent)
    names = NAMES.get(key)
    if names is None:
        names = NAMES[key] = _names(_situation(key))
    return names


def _names(s: Situation) -> tuple[str, ...]:
    return tuple(sorted(kind.__name__ for kind, reason in WHY_NOT.items() if not reason(s)))


def _situation(key: Key) -> Situation:
    return Situation(*key)  # type: ignore[arg-type]


# -- conditions ------------------------------------------------------------------------------------------------


def _sign_in(s: Situation) -> str:
    if s.state is not S.LOGGED_OUT:
        return "already_signed_in"
    return "" if s.known else "unknown_agent"


def _signed_in(s: Situation) -> str:
    return "signed_out" if s.state is S.LOGGED_OUT else ""


def _ready(s: Situation) -> str:
    if not s.online and s.state in (S.NOT_READY, S.WRAP_UP):
        return "phone_offline"
    return _signed_in(s)


def _free(s: Situation) -> str:
    """May a new call of their own wish ring here?"""
    if s.state not in (S.READY, S.NOT_READY, S.WRAP_UP):
        return _signed_in(s) or "busy"
    return "" if s.online else "phone_offline"


def _free_or_lead(s: Situation) -> str:
    return "" if s.place == "lead" else _free(s)


def _talks(s: Situation) -> str:
    """Is there a customer, on the line or on hold?"""
    return "" if s.call in TALK else "no_call"


def _can_send_on(s: Situation) -> str:
    return _talks(s) or ("internal_call" if s.direction == "internal" else "")


def _hold(s: Situation) -> str:
    if s.call is not CallState.CONNECTED:
        return "no_call"
    return "in_conference" if s.party else ""


def _resume(s: Situation) -> str:
    if s.call is not CallState.HELD:
        return "not_held"
    return "away" if s.away else "consulting" if s.party else ""


def _consult(s: Situation) -> str:
    return _can_send_on(s) or ("consulting" if s.party else "away" if s.away else "")


def _join_all(s: Situation) -> str:
    if s.call is not CallState.HELD or s.party != "up":
        return "not_consulting"
    return "away" if s.away else ""


def _invite(s: Situation) -> str:
    if s.party not in ("joined", "invited"):
        return "not_in_conference"
    return "away" if s.away else ""


def _reconnect(s: Situation) -> str:
    if not s.web or (_talks(s) and s.place != "other"):
        return "no_call"
    return "" if s.online else "phone_offline"


WHY_NOT: dict[type, Callable[[Situation], str]] = {
    events.SignIn: _sign_in,
    events.SignOut: _signed_in,
    events.Ready: _ready,
    events.NotReady: _signed_in,
    events.AnswerCall: lambda s: "" if s.state is S.RESERVED and s.place != "held" else "no_call",
    events.HangUpCall: lambda s: "" if s.place else "no_call",
    events.HoldCall: _hold,
    events.ResumeCall: _resume,
    events.TransferCall: _can_send_on,
    events.ConsultWith: _consult,
    events.CompleteTransfer: lambda s: "" if s.party not in ("", "invited") and not _talks(s) else "not_consulting",
    events.CancelConsult: lambda s: "" if s.party else "not_consulting",
    events.JoinAll: _join_all,
    events.LeaveCall: lambda s: "" if s.party == "joined" else "not_in_conference",
    events.InviteParty: _invite,
    events.DialNumber: _free,
    events.PickUp: _free,
    events.TakeWaiting: _free,
    events.PauseRecording: lambda s: _talks(s) or ("" if s.recorded and not s.paused else "not_recording"),
    events.ResumeRecording: lambda s: _talks(s) or ("" if s.recorded and s.paused else "not_recording"),
    events.SendKeys: lambda s: "" if s.call is CallState.CONNECTED else "no_call",
    events.NextCallback: _free,
    events.DialCallback: _free,
    events.SkipCallback: _signed_in,
    events.CallbackResult: _signed_in,
    events.Reconnect: _reconnect,
    events.Monitor: _free_or_lead,
    events.StopMonitor: lambda s: "" if s.place == "lead" else "not_monitoring",
    events.TakeOver: _free_or_lead,
    events.ForceState: _signed_in,
    events.ForceHangUp: lambda s: "" if s.place else "no_call",
    events.ForceTransfer: _can_send_on,
}
WHEN_FREE = _names(Situation(S.READY, True, True))  # or not ready, or in wrap-up
WHEN_RINGING = _names(Situation(S.RESERVED, True, True, "rings"))
