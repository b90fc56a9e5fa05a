"""What an agent does with a call in hand.

Hold parks the customer with music. A consultation is a hold with a third person, the call's `party`; completing it puts customer
and party together, `join_all` puts all three together. From there on more can be invited: the call's `guests`. A blind transfer
frees the agent at once and remembers them in `fell_back`: a target that cannot be had sends the customer back to them or to a
queue. The customer is never alone.
"""

from ccenter.acd import agent as agents
from ccenter.acd import facts, routing, service
from ccenter.acd.agent import Agent, AgentState, AgentTrigger
from ccenter.acd.call import Call, CallState, CallTrigger, Party, moved
from ccenter.acd.config import AnyTarget, ToAgent, ToNumber, ToQueue
from ccenter.acd.service import named
from ccenter.acd.world import World

MOST_GUESTS = 8  # beyond the third person of a conference
FREE = (AgentState.READY, AgentState.NOT_READY, AgentState.WRAP_UP)  # may be rung by a colleague


# -- hold ------------------------------------------------------------------------------------------------------


def hold(w: World, call: Call) -> bool:
    if not moved(call, CallTrigger.HOLD):
        return False
    call.held_at, call.stays_held = w.now, True
    service.stop_machine(w, call)
    w.park(call, call.customer)
    w.touch(call)
    w.out.append(facts.CallHeld(w.seq(), w.now, call.id, call.agent))
    return True


def resume(w: World, call: Call) -> bool:
    """The customer comes back to the agent; a consultation that still goes on must end first."""
    if call.party is not None or w.waits(call) or not moved(call, CallTrigger.RESUME):
        return False
    unhold(w, call)
    gather(w, call, call.agent_leg, call.customer)
    w.touch(call)
    w.out.append(facts.CallResumed(w.seq(), w.now, call.id, call.agent))
    return True


def regroup(w: World, call: Call) -> None:
    """A browser's phone was lost, is back, or is waited for no more: who can talk does, and who is left alone hears music.

    Music, whoever they are: it says that the call is not over. Only an agent whose customer is on hold, or whom they consult
    still rings, hears nothing, as ever.
    """
    party = call.party
    held = call.state is CallState.HELD and call.stays_held
    apart = held or (party is not None and not party.joined)  # the customer, by the agent's wish
    talk = [call.agent_leg, *(one.leg for one in call.parties())]
    if not apart:
        talk.append(call.customer)
    elif w.is_up(call.customer):
        w.park(call, call.customer)
    talk = [leg for leg in talk if w.is_up(leg)]
    alone = len(talk) < 2 and (not apart or (party is not None and party.up))
    if not alone:
        if not apart and moved(call, CallTrigger.RESUME):
            unhold(w, call)
        gather(w, call, *talk)
        return
    if not apart:
        uninvite(w, call, "withdrawn")
        if moved(call, CallTrigger.HOLD):
            call.held_at, call.stays_held = w.now, False
            service.stop_machine(w, call)
    for leg in talk:
        w.park(call, leg)


def gather(w: World, call: Call, *leg_ids: str) -> None:
    """Those of them who are not in the call's bridge come into it."""
    apart = tuple(leg for leg in leg_ids if not call.bridge or w.state.legs[leg].bridge != call.bridge)
    if apart:
        w.join(call, *apart)


def unhold(w: World, call: Call) -> None:
    if call.held_at:
        call.held += w.now - call.held_at
        call.held_at = 0.0


# -- blind transfer --------------------------------------------------------------------------------------------


def refused_target(w: World, target: AnyTarget, asker: str) -> str:
    """Why a call cannot be sent there; "" if it can."""
    if isinstance(target, ToAgent):
        agent = w.state.agents.get(target.agent)
        if agent is None or target.agent == asker:
            return "unknown_target"
        if not agent.endpoint:
            return "target_signed_out"
        return "" if agent.state in FREE else "target_busy"
    if isinstance(target, ToQueue):
        return "" if target.queue in w.config.queues else "unknown_target"
    if isinstance(target, ToNumber):
        if not target.number or not all(c.isdigit() or c in "+*#" for c in target.number):
            return "bad_number"
        return "" if service.outbound(w, target.number) else "no_trunk"
    flow = getattr(target, "flow", None)
    return "unknown_target" if flow is not None and flow not in w.config.flows else ""


def transfer(w: World, call: Call, target: AnyTarget) -> None:
    """Send the customer on; the agent is free from now."""
    sender = call.agent
    w.out.append(facts.CallTransferred(w.seq(), w.now, call.id, sender, "blind", named(target)))
    unhold(w, call)
    service.stop_machine(w, call)
    service.drop_party(w, call)
    service.close_talk(w, call)
    w.park(call, call.customer)
    service.release_agent(w, call)
    w.unbridge(call)
    call.fell_back = sender if isinstance(target, ToAgent | ToNumber) else ""  # the other targets can always be had
    call.back = None
    if isinstance(target, ToQueue):
        call.priority += 1  # has waited and been served once: before the others of the same time
    w.go(w, call, target)


def to_agent(w: World, call: Call, code: str) -> None:
    """Offer the call to one agent only."""
    agent = w.state.agents.get(code)
    w.answer(call)
    service.stop_machine(w, call)
    routing.step_out(w, call)
    if not call.fell_back:
        call.dial_to = code
    if agent is not None and agent.endpoint and agent.state in FREE:
        w.music(call.customer, w.queue_of(call).music)
        service.offer(w, call, [agent], w.settings.dial_seconds)
    else:
        moved(call, CallTrigger.FLOW)
        service.fall_back(w, call, "agent_busy")


def to_number(w: World, call: Call, number: str) -> None:
    """Ring an outside number for a customer who waits with music."""
    w.answer(call)
    service.stop_machine(w, call)
    routing.step_out(w, call)
    service.waited(w, call)
    moved(call, CallTrigger.RESERVE)
    way = service.outbound(w, number)
    if way is None:
        service.recover(w, call, "number:" + number, "no_trunk")
        return
    w.music(call.customer, w.queue_of(call).music)
    leg = w.dial(call, "party", way[0], way[1])
    call.party = Party(leg.id, "number:" + number, blind=True)
    w.alarm("dial", leg.id, w.now + w.settings.dial_seconds)


# -- consultation ----------------------------------------------------------------------------------------------


def consult(w: World, call: Call, target: AnyTarget) -> None:
    """Hold the customer and ring the third person."""
    hold(w, call)
    w.touch(call)
    call.party = ring(w, call, target)
    w.out.append(facts.ConsultStarted(w.seq(), w.now, call.id, call.agent, named(target)))


def ring(w: World, call: Call, target: AnyTarget) -> Party | None:
    """Ring somebody who is to be on the call beside its agent. None: no such target."""
    if isinstance(target, ToAgent):
        agent = w.state.agents[target.agent]
        agents.reserve(w, agent, call.id)
        leg = w.dial(call, "party", agent.endpoint, call.agent, agent=agent.code)
    elif isinstance(target, ToNumber) and (way := service.outbound(w, target.number)) is not None:
        leg = w.dial(call, "party", way[0], way[1])
    else:
        return None
    w.alarm("dial", leg.id, w.now + w.settings.dial_seconds)
    return Party(leg.id, named(target), leg.agent, asked_by=call.agent)


def party_answered(w: World, call: Call, party: Party) -> None:
    party.up = True
    w.quiet("dial", party.leg)
    if party.agent:
        agents.change(w, w.state.agents[party.agent], AgentTrigger.TALK)
    if party.blind:
        put_through(w, call, party)
    elif party.joined:
        come_in(w, call, party)
    else:
        regroup(w, call)
        w.touch(call)
        w.out.append(facts.ConsultAnswered(w.seq(), w.now, call.id, party.target))


def put_through(w: World, call: Call, party: Party) -> None:
    """Customer and party talk; the agent who brought them together is gone. If the party's phone is lost, they will."""
    moved(call, CallTrigger.CONNECT)
    unhold(w, call)
    call.connected_at = call.connected_at or w.now
    call.fell_back = ""
    if party.agent:
        agent = w.state.agents[party.agent]
        agent.calls += 1
        call.agent, call.agent_leg = party.agent, party.leg
        if party.leg:
            w.state.legs[party.leg].role = "agent"
        call.party = call.guests.pop(0) if call.guests else None
        call.served_by = party.agent
        w.touch(call)
        w.out.append(facts.CallConnected(w.seq(), w.now, call.id, party.agent, call.queue, 0.0, 0.0))
        if agent.away:
            w.out.append(facts.AgentAway(w.seq(), w.now, call.id, agent.code))
            regroup(w, call)
            return
    else:
        call.reached = True
        w.out.append(facts.CallReached(w.seq(), w.now, call.id, party.target.partition(":")[2]))
        party.up, party.blind, party.joined = True, True, False  # whoever of the two hangs up ends the call
    w.join(call, call.customer, party.leg)
    service.start_recording(w, call)


def complete(w: World, call: Call, party: Party) -> None:
    """The agent leaves customer and consulted party to each other, ringing or talking."""
    target, sender = party.target, call.agent
    uninvite(w, call, "withdrawn")
    w.out.append(facts.CallTransferred(w.seq(), w.now, call.id, sender, "consulted", target))
    service.release_agent(w, call)
    call.fell_back = sender
    if party.up:
        put_through(w, call, heir(w, call, party))
    elif party.agent:  # still rings: from now on a blind transfer to that agent
        call.party = None
        service.close_talk(w, call)
        w.quiet("dial", party.leg)
        moved(call, CallTrigger.RESERVE)
        w.state.legs[party.leg].role = "agent"
        call.offers[party.leg] = party.agent
        w.alarm("ring", party.leg, w.now + w.settings.dial_seconds)
        w.out.append(facts.CallOfferedTo(w.seq(), w.now, call.id, party.agent, party.leg, call.queue))
    else:
        party.blind = True
        service.close_talk(w, call)
        moved(call, CallTrigger.RESERVE)


def end_consult(w: World, call: Call, reason: str) -> None:
    """The third person is out, or never came: the customer is the agent's again."""
    party = call.party
    if party is None:
        return
    service.drop_party(w, call)
    w.out.append(facts.ConsultEnded(w.seq(), w.now, call.id, party.target, reason))
    if w.waits(call):
        call.stays_held = False
        regroup(w, call)
    elif call.state is CallState.HELD:
        resume(w, call)


def join_all(w: World, call: Call, party: Party) -> None:
    party.joined = True
    moved(call, CallTrigger.RESUME)
    unhold(w, call)
    gather(w, call, call.agent_leg, call.customer)
    w.touch(call)
    w.out.append(facts.ConferenceStarted(w.seq(), w.now, call.id, call.agent, party.target))


def invite(w: World, call: Call, target: AnyTarget) -> None:
    """Ring a further person for the conference, which goes on meanwhile."""
    guest = ring(w, call, target)
    if guest is not None:
        guest.joined = True
        call.guests.append(guest)
        w.touch(call)
        w.out.append(facts.PartyInvited(w.seq(), w.now, call.id, call.agent, guest.target))


def come_in(w: World, call: Call, guest: Party) -> None:
    """Somebody invited is there. Where all others have left meanwhile they are the third person."""
    if call.party is None:
        call.guests.remove(guest)
        call.party = guest
    w.join(call, guest.leg)
    w.touch(call)
    w.out.append(facts.PartyJoined(w.seq(), w.now, call.id, guest.target))


def uninvite(w: World, call: Call, reason: str) -> None:
    """Stop ringing those invited: who asked them is gone."""
    for guest in [guest for guest in call.guests if not guest.up]:
        party_gone(w, call, guest, 16, reason)


def leave(w: World, call: Call, party: Party) -> None:
    """The agent leaves a conference; the others talk on. The call is an agent's from here, if one of them is one."""
    w.out.append(facts.PartyLeft(w.seq(), w.now, call.id, "agent:" + call.agent))
    uninvite(w, call, "withdrawn")
    service.release_agent(w, call)
    put_through(w, call, heir(w, call, party))


def heir(w: World, call: Call, party: Party) -> Party:
    """Whose the call is when its agent leaves: an agent's first, one who is there before one who is waited for.

    They take the third person's place.
    """
    colleagues = [one for one in call.parties() if one.agent]
    found = next((one for one in colleagues if not w.state.agents[one.agent].away), colleagues[0] if colleagues else party)
    if found is not party:
        call.guests.remove(found)
        call.guests.insert(0, party)
        call.party = found
    return found


# -- the end ---------------------------------------------------------------------------------------------------


def hang_up(w: World, call: Call, agent: Agent) -> None:
    """An agent ends their part in a call: what that is depends on whose call it is."""
    party = call.party
    if call.agent == agent.code:
        if party is not None and party.joined:
            leave(w, call, party)
        elif party is not None:
            end_consult(w, call, "cancelled")
        else:
            service.after_service(w, call, "agent")
        return
    if call.held_for == agent.code:
        call.held_for = ""
        agents.missed(w, agent, "refused", w.queue_of(call).max_misses)
        return
    offered = next((leg for leg, code in call.offers.items() if code == agent.code), None)
    if offered is not None and not call.customer:
        service.end(w, call, "agent")  # their own call, before it began: no miss
    elif offered is not None:
        service.offer_failed(w, call, offered, "refused")
    elif (party := call.party_of(agent=agent.code)) is not None:
        party_gone(w, call, party, 16, "")
    else:
        service.end(w, call, "customer")  # called by a colleague


def party_gone(w: World, call: Call, party: Party, cause: int, note: str) -> None:
    reason = note or service.CAUSES.get(cause, "left" if party.up else "failed")
    if party.joined and not party.up:
        service.let_go(w, call, party)
        w.out.append(facts.InvitationEnded(w.seq(), w.now, call.id, party.target, reason))
    elif party.joined or (party.blind and party.up and call.guests):
        service.let_go(w, call, party)
        w.out.append(facts.PartyLeft(w.seq(), w.now, call.id, party.target))
        if call.agent:
            regroup(w, call)
        elif call.party is not None:
            call.party.blind, call.party.joined = True, False  # without an agent the last to hang up ends the call
    elif party.blind and party.up:  # customer and outside party have talked, and the party hung up
        service.end(w, call, "party", cause)
    elif party.blind:
        service.drop_party(w, call)
        moved(call, CallTrigger.FLOW)
        service.recover(w, call, party.target, reason)
    else:
        end_consult(w, call, reason)
