"""What a team lead does with the calls of others: hears them, speaks into them, takes them over.

A `Watch` says what a lead wants: whose call, and how. After each event `arrange` makes it so. To listen and to whisper the lead's
phone is in a bridge of its own with a snoop on the agent's leg (whispering, the snoop also speaks to that leg); to barge in it
joins the call's own bridge. So a change of mode rings nobody, and when the agent's leg is another one (their browser came
back, they were put through) the snoop follows. A watch ends with the agent's part in the call.
"""

from ccenter.acd import agent as agents
from ccenter.acd import commands, events, facts, handling, seat, service
from ccenter.acd.agent import Agent, AgentState, AgentTrigger
from ccenter.acd.call import Call, CallState, CallTrigger, Leg, Watch, moved
from ccenter.acd.situation import why_not
from ccenter.acd.world import World

WHISPERED: dict[str, commands.Direction] = {"listen": "none", "whisper": "out"}
SNOOP_SECONDS = 1.0  # a snoop may end a little before the leg it is of; after this it has failed


def leg_of(w: World, call: Call, code: str) -> str | None:
    """The leg of an agent who is on this call; "" while their phone is lost, None when they are not on it."""
    leg = call.leg_of(code)
    return "" if leg and w.state.agents[code].away else leg


def refused(w: World, lead: Agent, target: str, watch: Watch | None) -> str:
    """Why the lead cannot hear this agent's call."""
    if watch is not None:
        return "" if watch.agent == target else "busy"
    agent = w.state.agents.get(target)
    if agent is None or agent is lead:
        return "unknown_target"
    if agent.state is AgentState.LOGGED_OUT:
        return "target_signed_out"
    call = w.state.calls.get(agent.call)
    talks = agent.state is AgentState.TALKING and call is not None and call.state in (CallState.CONNECTED, CallState.HELD)
    return "" if call is not None and talks and leg_of(w, call, target) is not None else "target_not_in_call"


# -- requests --------------------------------------------------------------------------------------------------


def monitor(w: World, lead: Agent, request: events.Monitor) -> str:
    watch = w.watches.get(lead.code)
    if request.mode not in ("listen", "whisper", "barge"):
        return "bad_request"
    reason = refused(w, lead, request.target, watch)
    if reason:
        return reason
    if watch is None:
        begin(w, lead, request.target, request.mode, request.by)
    elif watch.mode != request.mode or watch.take_over:
        watch.mode, watch.take_over, watch.by = request.mode, False, request.by
        if watch.up:
            told(w, watch, facts.MonitorChanged)
    return ""


def begin(w: World, lead: Agent, target: str, mode: str, by: str) -> Watch:
    """Ring the lead's phone; it answers by itself."""
    call = w.state.calls[w.state.agents[target].call]
    agents.reserve(w, lead, call.id)
    leg = w.dial(call, "lead", lead.endpoint, target, agent=lead.code, auto=True)
    w.alarm("dial", leg.id, w.now + w.settings.dial_seconds)
    watch = w.watches[lead.code] = Watch(lead.code, target, call.id, mode, by, leg.id)
    return watch


def stop(w: World, lead: Agent, request: events.StopMonitor) -> str:
    close(w, w.watches[lead.code], "stopped")
    return ""


def take_over(w: World, lead: Agent, request: events.TakeOver) -> str:
    watch = w.watches.get(lead.code)
    reason = refused(w, lead, request.target, watch)
    if reason:
        return reason
    call = w.state.calls[w.state.agents[request.target].call]
    if call.agent != request.target:
        return "target_not_in_call"
    if call.direction == "internal":
        return "internal_call"
    if watch is None:
        watch = begin(w, lead, request.target, "listen", request.by)
    watch.take_over, watch.by = True, request.by
    if watch.up:
        seize(w, call, watch)
    return ""


def force_hang_up(w: World, agent: Agent, request: events.ForceHangUp) -> str:
    call = w.state.calls[agent.call]
    forced(w, agent, request.by, "hang_up", call)
    if agent.code in w.watches:
        close(w, w.watches[agent.code], "stopped")
    elif call.agent == agent.code:
        service.end(w, call, "lead")
    else:
        handling.hang_up(w, call, agent)
    return ""


def force_transfer(w: World, agent: Agent, request: events.ForceTransfer) -> str:
    reason = handling.refused_target(w, request.target, agent.code)
    if reason:
        return reason
    call, target = w.state.calls[agent.call], request.target
    forced(w, agent, request.by, "transfer", call, service.named(target))
    handling.transfer(w, call, target)
    return ""


def forced(w: World, agent: Agent, by: str, action: str, call: Call | None, detail: str = "") -> None:
    w.out.append(facts.Forced(w.seq(), w.now, agent.code, by, action, call.id if call is not None else "", detail))


def force_state(w: World, agent: Agent, request: events.ForceState) -> str:
    if request.state == "ready":
        reason = why_not(w, agent, events.Ready)
        if reason:
            return reason
    elif request.state not in ("not_ready", "signed_out"):
        return "bad_request"
    call = w.state.calls.get(agent.call) if agent.state is not AgentState.WRAP_UP else None
    forced(w, agent, request.by, request.state, call, request.reason)
    match request.state:
        case "ready":
            seat.ready(w, agent)
        case "not_ready":
            seat.not_ready(w, agent, request.reason)
        case "signed_out":
            seat.sign_out(w, agent)
    return ""


# -- the lead's phone ------------------------------------------------------------------------------------------


def answered(w: World, leg: Leg) -> None:
    watch = w.watches[leg.agent]
    watch.up = True
    w.quiet("dial", leg.id)
    agents.change(w, w.state.agents[watch.supervisor], AgentTrigger.TALK)
    if watch.take_over:
        seize(w, w.state.calls[watch.call], watch)
    else:
        told(w, watch, facts.MonitorStarted)


def seize(w: World, call: Call, watch: Watch) -> None:
    """The customer is the lead's from here; the agent is released."""
    code, lead = call.agent, w.state.agents[watch.supervisor]
    if code != watch.agent:
        return  # has left in this moment
    close_ear(w, watch)
    del w.watches[lead.code]
    target = "agent:" + lead.code
    w.out.append(facts.MonitorEnded(w.seq(), w.now, call.id, code, lead.code, "taken_over"))
    forced(w, w.state.agents[code], watch.by, "take_over", call, lead.code)
    w.out.append(facts.CallTransferred(w.seq(), w.now, call.id, code, "taken_over", target))
    if call.party is not None and not call.party.joined:
        party = call.party.target
        service.drop_party(w, call)
        w.out.append(facts.ConsultEnded(w.seq(), w.now, call.id, party, "taken_over"))
    service.release_agent(w, call)
    service.stop_machine(w, call)
    handling.unhold(w, call)
    moved(call, CallTrigger.CONNECT)
    call.agent, call.agent_leg, call.served_by = lead.code, watch.leg, lead.code
    call.fell_back = ""
    w.state.legs[watch.leg].role = "agent"
    lead.calls += 1
    lead.misses = 0
    w.join(call, call.customer, call.agent_leg)
    w.touch(call)
    w.out.append(facts.CallConnected(w.seq(), w.now, call.id, lead.code, call.queue, 0.0, 0.0))
    service.start_recording(w, call)


def leg_ended(w: World, leg: Leg, cause: int, note: str) -> None:
    """The lead hung up or did not answer, or the snoop is no more."""
    for watch in list(w.watches.values()):
        if watch.leg == leg.id and watch.up:
            close(w, watch, "failed" if note or cause not in service.NORMAL else "stopped")
        elif watch.leg == leg.id:
            close(w, watch, service.CAUSES.get(cause, "refused" if cause == 16 else "failed"))
        elif watch.snoop == leg.id:
            watch.snoop = ""
            w.alarm("snoop", watch.supervisor, w.now + SNOOP_SECONDS)


def snoop_failed(w: World, code: str) -> None:
    """Nothing is heard any more, though the agent talks on."""
    close(w, w.watches[code], "failed")


# -- what a watch wants, and what there is ---------------------------------------------------------------------


def arrange(w: World) -> None:
    """Make true what the watches say. Called after each event, while there are any."""
    for watch in list(w.watches.values()):
        call = w.state.calls.get(watch.call)
        leg = leg_of(w, call, watch.agent) if call is not None else None
        if call is None:
            close(w, watch, "call_ended")
        elif leg is None:
            close(w, watch, "agent_left")
        elif watch.up and watch.mode == "barge":
            if w.state.legs[watch.leg].bridge != call.bridge:
                w.join(call, watch.leg)
                close_ear(w, watch)
        elif watch.up:
            open_ear(w, watch, call, leg)


def open_ear(w: World, watch: Watch, call: Call, leg: str) -> None:
    """Let the lead hear this leg ("": none now); whispering, also speak to it.

    A snoop cannot change, and the switch leaves out whoever talks with the agent after another (see `ContinueRecording`):
    a new one takes its place.
    """
    joining = []
    if not watch.bridge:
        watch.bridge = w.fresh("b", call.node)
        w.out.append(commands.MakeBridge(watch.bridge))
        joining.append(watch.leg)
    partner = partner_of(w, call, leg)
    another = bool(partner and watch.partner) and partner != watch.partner
    if leg and (another or (watch.of, watch.snoop_mode) != (leg, watch.mode)):
        old = w.state.legs.get(watch.snoop)
        if old is not None:
            old.ending, old.call = True, ""
        watch.snoop = w.fresh("l", call.node)
        watch.of, watch.snoop_mode = leg, watch.mode
        w.state.legs[watch.snoop] = Leg(watch.snoop, call.id, "snoop", w.now, state="up")
        w.quiet("snoop", watch.supervisor)
        w.out.append(commands.Snoop(watch.snoop, leg, "both", WHISPERED[watch.mode], call.id, old.id if old else ""))
        joining.append(watch.snoop)
    watch.partner = partner or watch.partner
    for leg_id in joining:
        w.state.legs[leg_id].bridge = watch.bridge
        w.out.append(commands.Join(watch.bridge, (leg_id,)))  # a snoop takes a moment; who barged in is out of the call at once


def partner_of(w: World, call: Call, leg: str) -> str:
    """Whom this leg is alone in the call's bridge with; "" for nobody, or for several."""
    everybody = (call.customer, call.agent_leg, *(party.leg for party in call.parties()))
    there = {one for one in everybody if one in w.state.legs and w.state.legs[one].bridge == call.bridge != ""} - {leg}
    return there.pop() if len(there) == 1 else ""


def close_ear(w: World, watch: Watch) -> None:
    w.quiet("snoop", watch.supervisor)
    w.hang_up(watch.snoop)
    if watch.bridge:
        leg = w.state.legs.get(watch.leg)
        if leg is not None and leg.bridge == watch.bridge:
            leg.bridge = ""
            w.out.append(commands.Leave(watch.bridge, watch.leg))
        w.out.append(commands.DropBridge(watch.bridge))
    watch.snoop = watch.bridge = watch.of = watch.snoop_mode = watch.partner = ""


def close(w: World, watch: Watch, reason: str) -> None:
    """The watch is over: the lead's phone is put down, and they are who they were."""
    del w.watches[watch.supervisor]
    w.quiet("dial", watch.leg)
    close_ear(w, watch)
    w.hang_up(watch.leg)
    w.out.append(facts.MonitorEnded(w.seq(), w.now, watch.call, watch.agent, watch.supervisor, reason))
    agents.finished(w, w.state.agents[watch.supervisor], 0.0)


def told(w: World, watch: Watch, kind: type[facts.MonitorStarted | facts.MonitorChanged]) -> None:
    w.out.append(kind(w.seq(), w.now, watch.call, watch.agent, watch.supervisor, watch.mode, watch.by))
