"""The seat itself: signed in or not, its states, and its phone."""

from ccenter.acd import agent as agents
from ccenter.acd import events, legs, service
from ccenter.acd.agent import Agent, AgentState, AgentTrigger
from ccenter.acd.world import World

# -- states ----------------------------------------------------------------------------------------------------


def sign_in(w: World, agent: Agent, request: events.SignIn) -> str:
    if not request.endpoint:
        return "bad_request"
    if w.endpoints.get(request.endpoint, agent.code) != agent.code:
        return "phone_in_use"
    agent.endpoint, agent.online, agent.misses, agent.calls = request.endpoint, True, 0, 0
    agent.web = agents.is_web(request.endpoint)
    w.endpoints[agent.endpoint] = agent.code
    agents.change(w, agent, AgentTrigger.SIGN_IN, agents.SIGNED_IN)
    if agent.web:  # has its account now, and will register
        agents.phone_changed(w, agent, False)
        if request.ready:
            agents.change(w, agent, AgentTrigger.NOT_READY, agents.PHONE_OFFLINE)
    elif request.ready:
        agents.change(w, agent, AgentTrigger.READY)
    return ""


def sign_out(w: World, agent: Agent) -> None:
    if agent.state in (AgentState.TALKING, AgentState.RESERVED):
        agent.after, agent.after_reason = AgentState.LOGGED_OUT, ""
        give_back(w, agent, "withdrawn")
    else:
        agents.sign_out(w, agent)


def ready(w: World, agent: Agent) -> None:
    agent.misses = 0
    if agent.state in (AgentState.TALKING, AgentState.RESERVED):
        agent.after = agent.after_reason = ""
    else:
        agents.change(w, agent, AgentTrigger.READY)


def not_ready(w: World, agent: Agent, reason: str) -> None:
    if agent.state in (AgentState.TALKING, AgentState.RESERVED):
        agent.after, agent.after_reason = AgentState.NOT_READY, reason
        give_back(w, agent, "withdrawn")
    else:
        agents.change(w, agent, AgentTrigger.NOT_READY, reason)


def give_back(w: World, agent: Agent, reason: str) -> None:
    """Who leaves while their phone rings for a caller gives the caller back."""
    call = w.state.calls.get(agent.call)
    if call is not None and call.held_for == agent.code:
        service.let_held_go(w, call)
        return
    leg = next((leg for leg, code in call.offers.items() if code == agent.code), None) if call else None
    if call is not None and leg is not None and call.customer:
        agents.settle(w, service.offer_ended(w, call, leg, reason))
        if not call.offers:
            service.fall_back(w, call, reason)


# -- a browser's phone -----------------------------------------------------------------------------------------


def phone_changed(w: World, agent: Agent, online: bool) -> None:
    if agent.online == online:
        return
    agents.phone_changed(w, agent, online)
    if not agent.web:
        return
    call = w.state.calls.get(agent.call)
    if call is None:
        return
    if online:
        legs.ring_back(w, agent)
    elif agent.state is AgentState.RESERVED:
        give_back(w, agent, "phone_lost")
    elif legs.comes_back(agent) and not legs.lose(w, call, agent) and call.agent == agent.code:
        service.end(w, call, "agent", note="phone_lost")  # the number still rings: nobody would be there


def reconnect(w: World, agent: Agent, request: events.Reconnect) -> str:
    call = w.state.calls[agent.call]
    legs.lose(w, call, agent)
    legs.ring_back(w, agent)
    return ""
