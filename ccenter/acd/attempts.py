"""Calling back: which callback is dialled when, by whom, and what happens until somebody talks.

An agent who is free takes the next caller or the next callback, as the queue's rules weigh them. An attempt is an outbound
call: the agent's phone rings first and then the customer's, or the agent is kept free (`held_for`) while the customer is rung. A
machine's attempt goes into a flow. `rouse` looks for work whenever something changed: a callback due, an agent free, a line
free, a new minute while hours were closed.
"""

from collections.abc import Iterable

from ccenter.acd import agent as agents
from ccenter.acd import events, facts, ivr, owing, routing, service, standing
from ccenter.acd.agent import Agent, AgentState, AgentTrigger
from ccenter.acd.call import Call, CallState, CallTrigger, moved
from ccenter.acd.callback import LIVE, Callback, CallbackState, CallbackTrigger
from ccenter.acd.callback import moved as callback_moved
from ccenter.acd.world import CallbackLine, World

NO_ROUTE_SECONDS = 600.0  # a number that no trunk carries is tried again so much later


# -- which one -------------------------------------------------------------------------------------------------


def head(w: World, line: CallbackLine) -> Callback:
    return w.state.callbacks[line.waiting[0][2]]


def least(w: World, lines: Iterable[CallbackLine]) -> CallbackLine | None:
    """The line whose head is next: within their hours, and with a trunk's channel free for it."""
    found = None
    for line in lines:
        while line.waiting and standing.is_open(w, line) and (found is None or line.waiting[0] < found.waiting[0]):
            entry = head(w, line)
            if service.reachable(w, entry.number):
                found = line if service.outbound(w, entry.number, keep=True) is not None else found
                break
            owing.defer(w, entry, w.now + NO_ROUTE_SECONDS, "no_route")
    return found


def best_for(w: World, agent: Agent) -> CallbackLine | None:
    """Whose head this agent should call next, of what is dialled by itself."""
    lines = w.agent_callbacks.get(agent.code)
    if not lines or w.settings.node in w.state.down:
        return None
    return least(w, [line for line in lines if line.automatic and line.waiting])


def before(w: World, line: CallbackLine, caller: Call) -> bool:
    """Does this callback come before a caller who waits?"""
    rule = w.config.queues[line.queue].callbacks.against_callers if line.queue in w.config.queues else "by_age"
    if rule == "by_age":
        return line.waiting[0] < routing.order(w, caller, w.queue_of(caller))
    return rule == "callbacks_first"


def assign(w: World, line: CallbackLine) -> None:
    """Give a line's head to the best agent free for it."""
    entry, eligible = head(w, line), line.line
    assert eligible is not None
    strategy = standing.queue_of(w, entry).strategy
    ranked = routing.candidates(w, eligible, strategy)
    agent = w.state.agents[ranked[0][1]]
    call = start(w, entry, agent)
    routing.explain(w, call, eligible, "callback", ranked, agent.code)
    ring(w, call, entry, agent)


def rouse(w: World) -> None:
    """Dial or present what can be. Agents who are ready have no caller waiting for them."""
    w.rouse = False
    for code, ident in list(w.presented.items()):
        if w.state.agents[code].state is not AgentState.READY:
            owing.back(w, w.state.callbacks[ident], "busy")
    lines = [line for line in w.callback_lines.values() if line.waiting and (line.automatic or line.preview)]
    if not lines:
        w.quiet("window", "")
        return
    if w.settings.node not in w.state.down:
        machines = [line for line in lines if line.line is None]
        while len(w.machines) < w.settings.machine_calls and (line := least(w, machines)) is not None:
            entry = head(w, line)
            ring(w, start(w, entry, None), entry, None)
        served = [line for line in lines if line.automatic and line.line is not None]
        while (line := least(w, [line for line in served if is_served(w, line)])) is not None:
            assign(w, line)
    if any(line.preview for line in lines):
        present_all(w)
    shut = any(line.waiting and not standing.is_open(w, line) for line in lines)
    if shut:
        w.alarm("window", "", (w.now // 60 + 1) * 60)
    else:
        w.quiet("window", "")
    w.rouse = False


def is_served(w: World, line: CallbackLine) -> bool:
    return line.line is not None and bool(line.waiting) and not w.ready.keys().isdisjoint(line.line.eligible)


# -- preview ---------------------------------------------------------------------------------------------------


def present_all(w: World) -> None:
    """Show each idle agent the callback that is next for them."""
    for code in [code for code in w.ready if code not in w.presented]:
        lines = [line for line in w.agent_callbacks.get(code, ()) if line.preview]
        line = least(w, lines)
        if line is not None:
            entry = head(w, line)
            standing.step_out(w, entry)
            callback_moved(entry, CallbackTrigger.PRESENT)
            entry.offered_to, w.presented[code] = code, entry.id
            until = w.now + standing.rules_of(w, entry).preview_seconds
            w.alarm("callback", entry.id, until)
            w.out.append(facts.CallbackPresented(w.seq(), w.now, entry.id, code, until))


def time_is_up(w: World, entry: Callback) -> None:
    """The alarm of a callback: its time has come, or an agent has not looked at it."""
    if entry.state is CallbackState.PRESENTED:
        agent = w.state.agents[entry.offered_to]
        owing.back(w, entry, "no_answer")
        if agent.state is AgentState.READY:
            agents.change(w, agent, AgentTrigger.NOT_READY, agents.MISSED)
    else:
        owing.due(w, entry)


def expire(w: World, entry: Callback) -> None:
    if entry.state in LIVE or entry.state is CallbackState.RESULT:
        w.alarm("expire", entry.id, w.now + 600.0)
    else:
        owing.close(w, entry, "expired")


# -- an attempt ------------------------------------------------------------------------------------------------


def attach(w: World, call: Call, entry: Callback, agent: str) -> None:
    """From here on this call is the callback's attempt."""
    standing.step_out(w, entry)
    if w.presented.get(entry.offered_to) == entry.id:
        del w.presented[entry.offered_to]
    w.quiet("callback", entry.id)
    w.quiet("own", entry.id)
    callback_moved(entry, CallbackTrigger.DIAL)
    entry.call, entry.by, entry.offered_to = call.id, agent, ""
    entry.result, entry.result_at = "", None
    queue = standing.queue_of(w, entry)
    call.callback, call.label, call.language = entry.id, entry.label, entry.language or w.settings.language
    call.entered, call.ticket, call.priority, call.skills = entry.asked_at, entry.ticket, entry.priority, dict(entry.skills)
    call.queue = queue.code if agent else ""
    call.variables = {**entry.variables, "ani": entry.number, "dnis": entry.dnis, "customer": entry.customer}


def start(w: World, entry: Callback, agent: Agent | None) -> Call:
    code = agent.code if agent is not None else ""
    call = Call(w.fresh("c"), "out", w.now, ani=code, dial_to=entry.number, dnis=entry.number, node=w.settings.node)
    w.state.calls[call.id] = call
    attach(w, call, entry, code)
    started(w, call, entry, "")
    return call


def started(w: World, call: Call, entry: Callback, leg: str) -> None:
    w.out.append(
        facts.CallStarted(
            w.seq(),
            w.now,
            call.id,
            leg,
            "out",
            call.ani,
            call.dial_to,
            "",
            call.label,
            "",
            call.ani,
            call.language,
            call.callback,
        )
    )
    owing.on_line(w, call)


def ring(w: World, call: Call, entry: Callback, agent: Agent | None, *, asked: bool = False) -> None:
    """Ring the first phone. An agent who asked for this call is on the line first."""
    rules = standing.rules_of(w, entry)
    if agent is not None and (asked or rules.first == "agent"):
        seconds = w.settings.dial_seconds if asked else standing.queue_of(w, entry).ring_seconds
        service.offer(w, call, [agent], seconds, auto=asked)
        return
    moved(call, CallTrigger.RESERVE)
    if agent is not None and agents.reserve(w, agent, call.id):
        call.held_for = agent.code
    service.ring_customer(w, call)


def answered(w: World, call: Call) -> None:
    """The customer picked up."""
    if call.agent or not call.callback:
        service.reached(w, call)
        return
    w.quiet("dial", call.customer)
    call.reached = True
    owing.reached(w, call)
    w.out.append(facts.CallReached(w.seq(), w.now, call.id, call.dial_to))
    rules = standing.rules_of(w, w.state.callbacks[call.callback])
    if rules.detect:
        moved(call, CallTrigger.FLOW)
        w.alarm("judge", call.id, w.now + rules.detect_seconds)
    else:
        serve(w, call)


def serve(w: World, call: Call) -> None:
    """A person is on the line: bring them to their agent, or into the flow."""
    w.quiet("judge", call.id)
    entry = w.state.callbacks.get(call.callback)
    agent = w.state.agents.get(call.held_for)
    if entry is not None and entry.flow and agent is None:
        ivr.enter(w, call, entry.flow)
    elif agent is not None:
        moved(call, CallTrigger.RESERVE)
        call.held_for = ""
        w.touched[agent.code] = agent
        w.music(call.customer, w.queue_of(call).music)
        service.ring_agent(w, call, agent, w.settings.dial_seconds, auto=True)
    elif call.queue in w.config.queues:
        service.requeue(w, call, "agent_gone")
    else:
        service.end(w, call, "system", note="agent_gone")


def on_judged(w: World, event: events.AnswerJudged) -> None:
    """Whether a machine answered. What comes too late, or twice, changes nothing."""
    leg = w.state.legs.get(event.leg)
    call = w.state.calls.get(leg.call) if leg is not None else None
    if call is None or not call.callback or event.leg != call.customer or call.machine or call.direction != "out":
        return
    waits = f"judge:{call.id}" in w.state.timers
    entry = w.state.callbacks[call.callback]
    if event.by == "machine" and (waits or (call.state is CallState.CONNECTED and entry.call == call.id)):
        w.quiet("judge", call.id)
        call.machine = True
        service.let_held_go(w, call)
        words = standing.rules_of(w, entry).on_machine
        if call.agent or not words or not ivr.speak(w, call, (words,), "parting"):
            service.end(w, call, "system", note="machine")
    elif waits:
        serve(w, call)


def rings_in(w: World, call: Call) -> None:
    """A caller who is owed a call: one that only rings them now is given up, and this one has their place."""
    entry = w.state.callbacks.get(w.owed.get(call.ani, ""))
    if entry is None:
        return
    if entry.state is CallbackState.DIALLING and entry.call in w.state.calls:
        service.end(w, w.state.calls[entry.call], "system", note="called_in")
    owing.rejoin(w, call)


# -- requests of seats -----------------------------------------------------------------------------------------


def ask_next(w: World, agent: Agent, request: events.NextCallback) -> str:
    lines = w.agent_callbacks.get(agent.code, ())
    ident = w.presented.get(agent.code)
    line = least(w, lines)
    if ident is None and line is None:
        waiting = any(line.waiting and standing.is_open(w, line) for line in lines)
        return "no_trunk" if waiting else "no_callback"
    entry = w.state.callbacks[ident] if ident is not None else head(w, line)  # type: ignore[arg-type]
    return dial(w, agent, entry)


def dial_this(w: World, agent: Agent, request: events.DialCallback) -> str:
    entry = w.state.callbacks.get(request.callback)
    if entry is None:
        return "no_such_callback"
    if entry.state is CallbackState.PRESENTED and entry.offered_to != agent.code:
        return "being_called"
    return dial(w, agent, entry)


def dial(w: World, agent: Agent, entry: Callback) -> str:
    """An agent calls this one, whatever its place. The code of why not."""
    if entry.state in LIVE or standing.blocked(w, entry):
        return "being_called"
    if not standing.allowed_now(w, entry):
        return "outside_hours"
    if service.outbound(w, entry.number, keep=True) is None:
        return "no_trunk"
    ring(w, start(w, entry, agent), entry, agent, asked=True)
    return ""


def skip(w: World, agent: Agent, request: events.SkipCallback) -> str:
    entry = w.state.callbacks.get(request.callback)
    if entry is None or w.presented.get(agent.code) != entry.id:
        return "no_such_callback"
    owing.back(w, entry, "skipped")
    if entry.state is CallbackState.WAITING:
        owing.defer(w, entry, w.now + standing.rules_of(w, entry).skip_seconds, "skipped")
    return ""


def result(w: World, agent: Agent, request: events.CallbackResult) -> str:
    entry = w.state.callbacks.get(request.callback)
    if entry is None:
        return "no_such_callback"
    if request.result not in owing.RESULTS or (request.result == "later") != (request.at is not None):
        return "bad_request"
    if entry.state is CallbackState.RESULT:
        owing.resulted(w, entry, agent.code, request.result, request.at)
    elif entry.state in (CallbackState.DIALLING, CallbackState.TALKING):
        entry.result, entry.result_at = request.result, request.at
    else:
        return "not_called"
    return ""
