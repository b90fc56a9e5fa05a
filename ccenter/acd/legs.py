"""What becomes of a call when one of its legs ends, or an agent's phone is lost for a while.

A browser's phone goes with its page. When that of anybody in a talk is lost (who serves, is consulted, was invited, or was called
by a colleague) their seat stays on the call: `agent.away` says since when. The others talk on; who is left alone hears music
(`handling.regroup`). When the phone registers again it is rung for the same call. After `away_seconds` the call goes on without
them.
"""

from ccenter.acd import agent as agents
from ccenter.acd import facts, handling, service
from ccenter.acd.agent import Agent, AgentState
from ccenter.acd.call import Call, CallState, Leg
from ccenter.acd.world import World

AGAIN_SECONDS = 2.0  # until a browser's phone that did not take its call back is rung again


# -- legs end --------------------------------------------------------------------------------------------------


def leg_ended(w: World, leg: Leg, cause: int, note: str) -> None:
    """A leg that belonged to a living call is gone."""
    call = w.state.calls.get(leg.call)
    if call is None:
        return
    agent = w.state.agents.get(leg.agent)
    if agent is not None and (agent.away or note or cause not in service.NORMAL) and lost_for_now(w, call, leg, agent):
        return
    if leg.id == call.customer:
        customer_gone(w, call, leg, cause, note)
    elif leg.id in call.offers:
        reason = service.CAUSES.get(cause, "refused" if cause == 16 else "failed")
        service.offer_failed(w, call, leg.id, reason)
    elif leg.id == call.agent_leg:
        agent_leg_gone(w, call, cause, note)
    elif (party := call.party_of(leg=leg.id)) is not None:
        handling.party_gone(w, call, party, cause, note)


def lost_for_now(w: World, call: Call, leg: Leg, agent: Agent) -> bool:
    """Was this not the end, but a phone that is waited for?"""
    if call.leg_of(agent.code) != leg.id:
        return False
    if agent.away:  # rung for nothing
        call.reach(agent.code, "")
        w.alarm("again", agent.code, w.now + AGAIN_SECONDS)
        return True
    if comes_back(agent) and lose(w, call, agent):
        ring_back(w, agent)  # at once, if the phone is there already: the page was reloaded
        return True
    return False


def customer_gone(w: World, call: Call, leg: Leg, cause: int, note: str) -> None:
    if call.message:  # the message they left is still being written
        call.gone = True
        w.alarm("message", call.id, w.now + 2.0)
        return
    if call.direction != "in" and not call.reached:
        by, note = "system", note or service.CAUSES.get(cause, "failed")
    else:
        by = "switch" if note else "customer"
    service.end(w, call, by, cause, note)


def agent_leg_gone(w: World, call: Call, cause: int, note: str) -> None:
    """The agent hung up, or their phone is lost for good: only the first ends the call."""
    party = call.party
    call.agent_leg = ""
    if party is not None and party.joined:
        handling.leave(w, call, party)
    elif party is not None and cause in service.NORMAL:
        handling.complete(w, call, party)
    elif call.direction == "internal" or call.customer not in w.state.legs or w.state.legs[call.customer].state != "up":
        service.end(w, call, "agent", cause, note)
    elif cause in service.NORMAL and call.state is CallState.CONNECTED:
        service.after_service(w, call, "agent")
    else:
        lost(w, call, dead=not note and cause not in service.NORMAL)


def lost(w: World, call: Call, dead: bool) -> None:
    """The agent's leg is lost in mid-call: the customer goes to the head of the queue, with their place and history.

    `dead`: because their phone died, so it is not to ring for the next caller at once, or for the same.
    """
    sender = call.agent
    handling.unhold(w, call)
    service.stop_machine(w, call)
    service.drop_party(w, call)
    service.close_talk(w, call)
    w.park(call, call.customer)
    service.release_agent(w, call)
    agent = w.state.agents.get(sender)
    if dead and agent is not None and agent.state is AgentState.READY:
        agents.rest(w, agent)
    w.unbridge(call)
    if call.queue in w.config.queues:
        service.requeue(w, call, "agent_lost")
    else:
        call.fell_back = sender
        service.recover(w, call, "agent:" + sender, "agent_lost")


# -- away and back ---------------------------------------------------------------------------------------------


def comes_back(agent: Agent) -> bool:
    """Is a lost phone to be waited for? That of an agent who signs out is taken away while they talk on."""
    return agent.web and agent.after != AgentState.LOGGED_OUT


def lose(w: World, call: Call, agent: Agent) -> bool:
    """The phone is lost in mid-call: wait for it, if this agent is in a talk."""
    leg = call.leg_of(agent.code)
    if leg is None or agent.state is not AgentState.TALKING or call.state not in (CallState.CONNECTED, CallState.HELD):
        return False
    w.hang_up(leg)
    call.reach(agent.code, "")
    if agent.away:
        return True
    agent.away = w.now
    w.alarm("away", agent.code, w.now + w.settings.away_seconds)
    w.out.append(facts.AgentAway(w.seq(), w.now, call.id, agent.code))
    touch(w, call, agent)
    handling.regroup(w, call)
    return True


def ring_back(w: World, agent: Agent) -> None:
    """The phone is there again: ring it for the call that waits for it."""
    call = w.state.calls.get(agent.call)
    if call is None or not agent.away or not agent.online:
        return
    w.quiet("again", agent.code)
    w.hang_up(call.leg_of(agent.code) or "")
    if call.agent == agent.code:
        role, shown = "agent", call.ani if call.direction == "in" else call.dial_to
    else:
        role, shown = "party" if call.party_of(agent=agent.code) else "customer", call.agent
    call.reach(agent.code, w.dial(call, role, agent.endpoint, shown, agent=agent.code, auto=True).id)


def returned(w: World, call: Call, agent: Agent) -> None:
    """The lost phone is on the line again."""
    away, leg = w.now - agent.away, call.leg_of(agent.code) or ""
    agents.no_longer_away(w, agent)
    handling.regroup(w, call)
    service.start_recording(w, call)
    held = call.state is CallState.HELD
    w.out.append(facts.AgentBack(w.seq(), w.now, call.id, agent.code, leg, held, round(away, 3)))
    touch(w, call, agent)


def touch(w: World, call: Call, agent: Agent) -> None:
    w.touch(call)
    w.touched[agent.code] = agent


def away_too_long(w: World, agent: Agent) -> None:
    """They do not come back in time: the call goes on without them."""
    call = w.state.calls[agent.call]
    party = call.party_of(agent=agent.code)
    if party is not None:
        handling.party_gone(w, call, party, 16, "agent_lost")
    elif call.party is not None and call.party.joined:
        handling.leave(w, call, call.party)
    elif call.direction == "internal":
        service.end(w, call, "agent" if call.agent == agent.code else "customer", note="agent_lost")
    else:
        lost(w, call, dead=True)
