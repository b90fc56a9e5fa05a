"""What people ask for. Each handler answers "" (done) or the code of the reason why not.

`allowed` says beforehand what would be accepted, from the same conditions, so that a screen enables just those buttons.
"""

from collections.abc import Callable
from typing import Any

from ccenter.acd import agent as agents
from ccenter.acd import commands, events, facts, handling, routing, service
from ccenter.acd.agent import Agent, AgentState, AgentTrigger
from ccenter.acd.call import Call, CallState, CallTrigger, Leg, moved
from ccenter.acd.world import World

Handler = Callable[[World, Agent, Any], str]


def perform(w: World, request: events.AnyRequest) -> None:
    """Do a request, and tell whether it was done."""
    action = type(request).__name__
    agent = w.state.agents.get(request.agent)
    if agent is None:
        reason = "unknown_agent"
    else:
        call = agent.call
        reason = HANDLERS[type(request)](w, agent, request)
        call = call or agent.call
    if reason:
        w.out.append(facts.RequestRefused(w.seq(), w.now, request.request, request.by, request.agent, action, reason))
    else:
        w.out.append(facts.RequestDone(w.seq(), w.now, request.request, request.by, request.agent, action, call))


def in_hand(w: World, agent: Agent, *states: CallState) -> Call | None:
    """The call this agent serves, if it is in one of these states."""
    call = w.state.calls.get(agent.call)
    return call if call is not None and call.agent == agent.code and (not states or call.state in states) else None


# -- the seat --------------------------------------------------------------------------------------------------


def sign_in(w: World, agent: Agent, request: events.SignIn) -> str:
    if agent.state is not AgentState.LOGGED_OUT:
        return "already_signed_in"
    if agent.code not in w.config.agents:
        return "unknown_agent"
    if not request.endpoint:
        return "bad_request"
    if w.endpoints.get(request.endpoint, agent.code) != agent.code:
        return "phone_in_use"
    agent.endpoint, agent.online, agent.misses, agent.calls = request.endpoint, True, 0, 0
    w.endpoints[agent.endpoint] = agent.code
    agents.change(w, agent, AgentTrigger.SIGN_IN, agents.SIGNED_IN)
    if request.ready:
        agents.change(w, agent, AgentTrigger.READY)
    return ""


def sign_out(w: World, agent: Agent, request: events.SignOut) -> str:
    if agent.state is AgentState.LOGGED_OUT:
        return "signed_out"
    if agent.state in (AgentState.TALKING, AgentState.RESERVED):
        agent.after, agent.after_reason = AgentState.LOGGED_OUT, ""
        give_back(w, agent)
    else:
        agents.sign_out(w, agent)
    return ""


def ready(w: World, agent: Agent, request: events.Ready) -> str:
    agent.misses = 0
    if agent.state is AgentState.LOGGED_OUT:
        return "signed_out"
    if agent.state in (AgentState.TALKING, AgentState.RESERVED):
        agent.after = agent.after_reason = ""
        return ""
    if not agent.online and agent.state is not AgentState.READY:
        return "phone_offline"
    agents.change(w, agent, AgentTrigger.READY)
    return ""


def not_ready(w: World, agent: Agent, request: events.NotReady) -> str:
    if agent.state is AgentState.LOGGED_OUT:
        return "signed_out"
    if agent.state in (AgentState.TALKING, AgentState.RESERVED):
        agent.after, agent.after_reason = AgentState.NOT_READY, request.reason
        give_back(w, agent)
    else:
        agents.change(w, agent, AgentTrigger.NOT_READY, request.reason)
    return ""


def give_back(w: World, agent: Agent) -> None:
    """Who leaves while their phone rings for a caller gives the caller back."""
    call = w.state.calls.get(agent.call)
    leg = next((leg for leg, code in call.offers.items() if code == agent.code), None) if call else None
    if call is not None and leg is not None and call.customer:
        agents.settle(w, service.offer_ended(w, call, leg, "withdrawn"))
        if not call.offers:
            service.fall_back(w, call, "withdrawn")


# -- the call in hand ------------------------------------------------------------------------------------------


def answer(w: World, agent: Agent, request: events.AnswerCall) -> str:
    call = w.state.calls.get(agent.call)
    legs = list(call.offers.items()) if call else []
    if call is not None and call.party is not None:
        legs.append((call.party.leg, call.party.agent))
    if call is not None and call.customer:
        customer = w.state.legs.get(call.customer)
        legs.append((call.customer, customer.agent if customer else ""))
    for leg_id, code in legs:
        leg = w.state.legs.get(leg_id)
        if code == agent.code and leg is not None and leg.state != "up":
            w.out.append(commands.AnswerPhone(leg_id, leg.channel, leg.endpoint))
            return ""
    return "no_call"


def hang_up(w: World, agent: Agent, request: events.HangUpCall) -> str:
    call = w.state.calls.get(agent.call)
    if call is None:
        return "no_call"
    if call.agent == agent.code:
        if call.party is not None and call.party.joined:
            handling.leave(w, call, call.party)
        elif call.party is not None:
            handling.end_consult(w, call, "cancelled")
        else:
            service.after_service(w, call, "agent")
        return ""
    offered = next((leg for leg, code in call.offers.items() if code == agent.code), None)
    if offered is not None and not call.customer:
        service.end(w, call, "agent")  # their own call, before it began: no miss
        return ""
    if offered is not None:
        service.offer_failed(w, call, offered, "refused")
        return ""
    if call.party is not None and call.party.agent == agent.code:
        handling.party_gone(w, call, call.party, 16, "")
        return ""
    if w.state.legs.get(call.customer) is not None and w.state.legs[call.customer].agent == agent.code:
        service.end(w, call, "customer")
        return ""
    return "no_call"


def hold(w: World, agent: Agent, request: events.HoldCall) -> str:
    call = in_hand(w, agent, CallState.CONNECTED)
    if call is None:
        return "no_call"
    if call.party is not None:
        return "in_conference"
    return "" if handling.hold(w, call) else "no_call"


def resume(w: World, agent: Agent, request: events.ResumeCall) -> str:
    call = in_hand(w, agent, CallState.HELD)
    if call is None:
        return "not_held"
    return "" if handling.resume(w, call) else "consulting"


def transfer(w: World, agent: Agent, request: events.TransferCall) -> str:
    call = in_hand(w, agent, CallState.CONNECTED, CallState.HELD)
    if call is None:
        return "no_call"
    if call.direction == "internal":
        return "internal_call"
    reason = handling.refused_target(w, request.target, agent.code)
    if not reason:
        handling.transfer(w, call, request.target)
    return reason


def consult(w: World, agent: Agent, request: events.ConsultWith) -> str:
    call = in_hand(w, agent, CallState.CONNECTED, CallState.HELD)
    if call is None:
        return "no_call"
    if call.direction == "internal":
        return "internal_call"
    if call.party is not None:
        return "consulting"
    target = request.target
    if target.__struct_config__.tag not in ("agent", "number"):
        return "bad_target"
    reason = handling.refused_target(w, target, agent.code)
    if not reason:
        handling.consult(w, call, target)
    return reason


def complete(w: World, agent: Agent, request: events.CompleteTransfer) -> str:
    call = in_hand(w, agent, CallState.HELD, CallState.CONNECTED)
    if call is None or call.party is None:
        return "not_consulting"
    handling.complete(w, call, call.party)
    return ""


def cancel_consult(w: World, agent: Agent, request: events.CancelConsult) -> str:
    call = in_hand(w, agent)
    if call is None or call.party is None:
        return "not_consulting"
    handling.end_consult(w, call, "cancelled")
    return ""


def join_all(w: World, agent: Agent, request: events.JoinAll) -> str:
    call = in_hand(w, agent, CallState.HELD)
    if call is None or call.party is None or not call.party.up:
        return "not_consulting"
    handling.join_all(w, call, call.party)
    return ""


def leave(w: World, agent: Agent, request: events.LeaveCall) -> str:
    call = in_hand(w, agent)
    if call is None or call.party is None or not call.party.joined:
        return "not_in_conference"
    handling.leave(w, call, call.party)
    return ""


def pause(w: World, agent: Agent, request: events.PauseRecording | events.ResumeRecording) -> str:
    call = in_hand(w, agent, CallState.CONNECTED, CallState.HELD)
    paused = isinstance(request, events.PauseRecording)
    if call is None:
        return "no_call"
    return "" if service.pause_recording(w, call, paused, agent.code) else "not_recording"


def send_keys(w: World, agent: Agent, request: events.SendKeys) -> str:
    call = in_hand(w, agent, CallState.CONNECTED)
    if call is None:
        return "no_call"
    if not request.keys or len(request.keys) > 32 or not set(request.keys) <= set("0123456789*#ABCD"):
        return "bad_keys"
    w.out.append(commands.SendDtmf(call.party.leg if call.party else call.customer, request.keys))
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
    if agent.state not in handling.FREE:
        return "signed_out" if agent.state is AgentState.LOGGED_OUT else "busy"
    if not agent.online:
        return "phone_offline"
    reason = refused_number(w, agent, request.number)
    if reason:
        return reason
    call = begin(w, agent, request.number)
    w.out.append(facts.CallStarted(w.seq(), w.now, call.id, "", call.direction, agent.code, request.number, "", agent=agent.code))
    service.offer(w, call, [agent], w.settings.dial_seconds, auto=True)
    return ""


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
    return "" if service.outbound(w, number) else "no_trunk"


def pick_up(w: World, agent: Agent, request: events.PickUp) -> str:
    call = w.state.calls.get(request.call)
    if call is None or call.state is not CallState.RESERVED or not call.offers or not call.customer:
        return "no_such_call"
    return claim(w, agent, call)


def take(w: World, agent: Agent, request: events.TakeWaiting) -> str:
    call = w.state.calls.get(request.call)
    if call is None or call.state is not CallState.QUEUED:
        return "no_such_call"
    routing.step_out(w, call)
    return claim(w, agent, call)


def claim(w: World, agent: Agent, call: Call) -> str:
    """Give a call to an agent who asks for it, past all rules."""
    if agent.state not in handling.FREE or not agent.online:
        if call.state is CallState.QUEUED and not call.line:
            routing.stand(w, call)
        return "busy"
    service.withdraw(w, call, "elsewhere")
    routing.step_out(w, call)
    line = routing.line_for(w, call, w.queue_of(call))
    routing.explain(w, call, line, "claimed", [((0.0, 0.0), agent.code)], agent.code)
    service.offer(w, call, [agent], w.settings.dial_seconds, auto=True)
    return ""


def seat_dialled(w: World, event: events.SeatDialled) -> None:
    """A seat's phone dialled by itself: the same as a click, with the phone already off the hook."""
    if event.leg in w.state.legs:
        return  # told twice
    agent = w.state.agents.get(w.endpoints.get(event.endpoint, ""))
    leg = Leg(event.leg, "", "agent", w.now, endpoint=event.endpoint, channel=event.channel, state="offered")
    w.state.legs[leg.id] = leg
    if agent is None or agent.state not in handling.FREE or refused_number(w, agent, event.dialled):
        w.hang_up(leg.id, 21)
        return
    call = begin(w, agent, event.dialled)
    leg.call, leg.agent, leg.state, leg.answered = call.id, agent.code, "up", True
    w.out.append(
        facts.CallStarted(w.seq(), w.now, call.id, leg.id, call.direction, agent.code, event.dialled, "", agent=agent.code)
    )
    agents.reserve(w, agent, call.id)
    moved(call, CallTrigger.RESERVE)
    call.offers[leg.id] = agent.code
    w.out.append(commands.Answer(leg.id))
    service.connect(w, call, leg, agent)


HANDLERS: dict[type, Handler] = {
    events.SignIn: sign_in,
    events.SignOut: sign_out,
    events.Ready: ready,
    events.NotReady: not_ready,
    events.AnswerCall: answer,
    events.HangUpCall: hang_up,
    events.HoldCall: hold,
    events.ResumeCall: resume,
    events.TransferCall: transfer,
    events.ConsultWith: consult,
    events.CompleteTransfer: complete,
    events.CancelConsult: cancel_consult,
    events.JoinAll: join_all,
    events.LeaveCall: leave,
    events.DialNumber: dial,
    events.PickUp: pick_up,
    events.TakeWaiting: take,
    events.PauseRecording: pause,
    events.ResumeRecording: pause,
    events.SendKeys: send_keys,
}
