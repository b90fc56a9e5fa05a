"""Bringing together whom an event made free: the one step in which an agent gets a call."""

from ccenter.acd import attempts, routing
from ccenter.acd.agent import AgentState
from ccenter.acd.service import ring_along, route
from ccenter.acd.world import World


def match(w: World) -> None:
    """Agents first, each with the caller or the callback that comes next; then the callbacks that still find somebody free."""
    while w.new_ready or w.new_calls:
        if w.new_ready:
            agent = w.state.agents[next(iter(w.new_ready))]
            del w.new_ready[agent.code]
            while agent.state is AgentState.READY:
                waiting = routing.best_waiting(w, agent)
                owed = attempts.best_for(w, agent) if w.agent_callbacks else None
                if owed is not None and (waiting is None or attempts.before(w, owed, waiting)):
                    attempts.assign(w, owed)
                elif waiting is None or not route(w, waiting):
                    break
            if agent.state is AgentState.READY:
                ring_along(w, agent)
        else:
            call = w.state.calls.get(next(iter(w.new_calls)))
            del w.new_calls[next(iter(w.new_calls))]
            if call is not None:
                route(w, call)
        if w.rouse and not w.new_ready and not w.new_calls:
            attempts.rouse(w)
    if w.rouse:
        attempts.rouse(w)
