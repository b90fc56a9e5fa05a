"""What people ask for. `situation` says whether they may; the handlers do it, or answer with the code of what is wrong with
the arguments.
"""

from collections.abc import Callable
from typing import Any

from ccenter.acd import agent as agents
from ccenter.acd import attempts, commands, events, facts, handling, office, owing, routing, seat, service, standing, supervise
from ccenter.acd.agent import Agent, AgentState
from ccenter.acd.call import Call, CallState, CallTrigger, Leg, Party, moved
from ccenter.acd.callback import Callback
from ccenter.acd.config import ToAgent, ToNumber
from ccenter.acd.situation import allowed, why_not
from ccenter.acd.world import World

__all__ = ["allowed", "perform", "seat_dialled", "tell_allowed"]

Handler = Callable[[World, Agent, Any], str | None]


def perform(w: World, request: events.AnyRequest | events.AnyOfficeRequest) -> None:
    """Do a request, and tell whether it was done."""
    kind = type(request)
    action, call = kind.__name__, ""
    agent = w.state.agents.get(request.agent)
    reason: str | None
    if kind in office.OFFICE:
        reason = office.OFFICE[kind](w, request)
    elif agent is None:
        reason = "unknown_agent"
    else:
        call = agent.call
        if action in allowed(w, agent):
            reason = HANDLERS[kind](w, agent, request)
        else:
            reason = why_not(w, agent, kind)
        call = agent.call or call
    if reason:
        w.out.append(facts.RequestRefused(w.seq(), w.now, request.request, request.by, request.agent, action, reason))
    else:
        w.out.append(facts.RequestDone(w.seq(), w.now, request.request, request.by, request.agent, action, call))


def tell_allowed(w: World) -> None:
    """Tell of the seats whose buttons the event just handled has changed."""
    for code, agent in w.touched.items():
        names = allowed(w, agent)
        if names is not agent.allows and names != agent.allows:
            agent.allows = names
            w.out.append(facts.SeatAllows(w.seq(), w.now, code, names))
    w.touched.clear()


# -- the call in hand ------------------------------------------------------------------------------------------


def answer(w: World, agent: Agent, request: events.AnswerCall) -> str | None:
    """Make the phone that rings here answer."""
    call = w.state.calls[agent.call]
    watch = w.watches.get(agent.code)
    ringing = [leg for leg, code in call.offers.items() if code == agent.code]
    if watch is not None:
        ringing.append(watch.leg)
    party = call.party_of(agent=agent.code)
    if party is not None:
        ringing.append(party.leg)
    leg = w.state.legs[ringing[0] if ringing else call.customer]
    w.out.append(commands.AnswerPhone(leg.id, leg.channel, leg.endpoint))
    return None


def hang_up(w: World, agent: Agent, request: events.HangUpCall) -> None:
    watch = w.watches.get(agent.code)
    if watch is not None:
        supervise.close(w, watch, "stopped")
    else:
        handling.hang_up(w, w.state.calls[agent.call], agent)


def hold(w: World, agent: Agent, request: events.HoldCall) -> None:
    handling.hold(w, w.state.calls[agent.call])


def resume(w: World, agent: Agent, request: events.ResumeCall) -> None:
    handling.resume(w, w.state.calls[agent.call])


def transfer(w: World, agent: Agent, request: events.TransferCall) -> str:
    reason = handling.refused_target(w, request.target, agent.code)
    if not reason:
        handling.transfer(w, w.state.calls[agent.call], request.target)
    return reason


def consult(w: World, agent: Agent, request: events.ConsultWith) -> str:
    target = request.target
    if not isinstance(target, ToAgent | ToNumber):
        return "bad_target"
    reason = handling.refused_target(w, target, agent.code)
    if not reason:
        handling.consult(w, w.state.calls[agent.call], target)
    return reason


def invite(w: World, agent: Agent, request: events.InviteParty) -> str:
    target, call = request.target, w.state.calls[agent.call]
    if not isinstance(target, ToAgent | ToNumber):
        return "bad_target"
    if len(call.guests) >= handling.MOST_GUESTS:
        return "conference_full"
    reason = handling.refused_target(w, target, agent.code)
    if not reason:
        handling.invite(w, call, target)
    return reason


def with_party(do: Callable[[World, Call, Party], None]) -> Handler:
    def handler(w: World, agent: Agent, request: events.AnyRequest) -> None:
        call = w.state.calls[agent.call]
        if call.party is not None:
            do(w, call, call.party)

    return handler


def cancel_consult(w: World, agent: Agent, request: events.CancelConsult) -> None:
    call = w.state.calls[agent.call]
    if call.guests:
        handling.party_gone(w, call, call.guests[-1], 16, "cancelled")
    else:
        handling.end_consult(w, call, "cancelled")


def pause(w: World, agent: Agent, request: events.PauseRecording | events.ResumeRecording) -> None:
    service.pause_recording(w, w.state.calls[agent.call], isinstance(request, events.PauseRecording), agent.code)


def send_keys(w: World, agent: Agent, request: events.SendKeys) -> str:
    call = w.state.calls[agent.call]
    if not request.keys or len(request.keys) > 32 or not set(request.keys) <= set("0123456789*#ABCD"):
        return "bad_keys"
    leg = call.party.leg if call.party else call.customer
    if leg:  # else their phone is lost just now
        w.out.append(commands.SendDtmf(leg, request.keys))
    return ""


# -- new calls -------------------------------------------------------------------------------------------------


def begin(w: World, agent: Agent, number: str, label: str = "") -> Call:
    """A call an agent makes, to a colleague or out."""
    internal = number in w.state.agents
    call = Call(w.fresh("c"), "internal" if internal else "out", w.now, ani=agent.code, dial_to=number)
    call.node, call.language, call.dnis = w.settings.node, w.settings.language, number
    w.state.calls[call.id] = call
    return call


def dial(w: World, agent: Agent, request: events.DialNumber) -> str:
    reason = refused_number(w, agent, request.number)
    if reason:
        return reason
    owed = owed_to(w, request.number)
    if owed is not None:
        call = attempts.start(w, owed, agent)
        call.by_hand = w.rouse = True  # its line may wait for no opening hour any more
        attempts.ring(w, call, owed, agent, asked=True)
        return ""
    call = begin(w, agent, request.number)
    w.out.append(facts.CallStarted(w.seq(), w.now, call.id, "", call.direction, agent.code, request.number, "", agent=agent.code))
    owing.on_line(w, call)
    service.offer(w, call, [agent], w.settings.dial_seconds, auto=True)
    return ""


def owed_to(w: World, number: str) -> Callback | None:
    """The callback that whoever has this number is owed: an agent who dials it is making it."""
    return w.state.callbacks.get(w.owed.get(number, ""))


def refused_number(w: World, agent: Agent, number: str) -> str:
    colleague = w.state.agents.get(number)
    if colleague is not None:
        if colleague is agent:
            return "unknown_target"
        if not colleague.endpoint:
            return "target_signed_out"
        return "" if colleague.state in (AgentState.READY, AgentState.NOT_READY) else "target_busy"
    if not number or len(number) > 32 or not all(c.isdigit() or c in "+*#" for c in number):
        return "bad_number"
    owed = owed_to(w, number)
    if standing.being_called(w, number) or (owed is not None and standing.blocked(w, owed)):
        return "being_called"
    return "" if service.outbound(w, number) else "no_trunk"


def pick_up(w: World, agent: Agent, request: events.PickUp) -> str:
    call = w.state.calls.get(request.call)
    if call is None or call.state is not CallState.RESERVED or not call.offers or not call.customer:
        return "no_such_call"
    claim(w, agent, call)
    return ""


def take(w: World, agent: Agent, request: events.TakeWaiting) -> str:
    call = w.state.calls.get(request.call)
    if call is None or call.state is not CallState.QUEUED:
        return "no_such_call"
    claim(w, agent, call)
    return ""


def claim(w: World, agent: Agent, call: Call) -> None:
    """Give a call to an agent who asks for it, past all rules."""
    service.withdraw(w, call, "elsewhere")
    routing.step_out(w, call)
    line = routing.line_for(w, call, w.queue_of(call))
    routing.explain(w, call, line, "claimed", [((0.0, 0.0), agent.code)], agent.code)
    service.offer(w, call, [agent], w.settings.dial_seconds, auto=True)


def seat_dialled(w: World, event: events.SeatDialled) -> None:
    """A seat's phone dialled by itself: the same as a click, with the phone already off the hook."""
    if event.leg in w.state.legs:
        return  # told twice
    agent = w.state.agents.get(w.endpoints.get(event.endpoint, ""))
    leg = Leg(event.leg, "", "agent", w.now, endpoint=event.endpoint, channel=event.channel, state="offered")
    w.state.legs[leg.id] = leg
    owed = owed_to(w, event.dialled)
    if agent is None or agent.state not in handling.FREE or refused_number(w, agent, event.dialled):
        w.hang_up(leg.id, 21)
        return
    call = begin(w, agent, event.dialled)
    call.by_hand = True
    if owed is not None:
        attempts.attach(w, call, owed, agent.code)
    leg.call, leg.agent, leg.state, leg.answered = call.id, agent.code, "up", True
    w.out.append(
        facts.CallStarted(
            w.seq(),
            w.now,
            call.id,
            leg.id,
            call.direction,
            agent.code,
            event.dialled,
            "",
            agent=agent.code,
            callback=call.callback,
        )
    )
    owing.on_line(w, call)
    agents.reserve(w, agent, call.id)
    moved(call, CallTrigger.RESERVE)
    call.offers[leg.id] = agent.code
    w.out.append(commands.Answer(leg.id))
    service.connect(w, call, leg, agent)


HANDLERS: dict[type, Handler] = {
    events.SignIn: seat.sign_in,
    events.SignOut: lambda w, agent, request: seat.sign_out(w, agent),
    events.Ready: lambda w, agent, request: seat.ready(w, agent),
    events.NotReady: lambda w, agent, request: seat.not_ready(w, agent, request.reason),
    events.AnswerCall: answer,
    events.HangUpCall: hang_up,
    events.HoldCall: hold,
    events.ResumeCall: resume,
    events.TransferCall: transfer,
    events.ConsultWith: consult,
    events.CompleteTransfer: with_party(handling.complete),
    events.CancelConsult: cancel_consult,
    events.JoinAll: with_party(handling.join_all),
    events.LeaveCall: with_party(handling.leave),
    events.InviteParty: invite,
    events.DialNumber: dial,
    events.PickUp: pick_up,
    events.TakeWaiting: take,
    events.PauseRecording: pause,
    events.ResumeRecording: pause,
    events.SendKeys: send_keys,
    events.NextCallback: attempts.ask_next,
    events.DialCallback: attempts.dial_this,
    events.SkipCallback: attempts.skip,
    events.CallbackResult: attempts.result,
    events.Reconnect: seat.reconnect,
    events.Monitor: supervise.monitor,
    events.StopMonitor: supervise.stop,
    events.TakeOver: supervise.take_over,
    events.ForceState: supervise.force_state,
    events.ForceHangUp: supervise.force_hang_up,
    events.ForceTransfer: supervise.force_transfer,
}
