"""Who is served next, and by whom.

Callers of one queue who need the same skills stand in one line, sorted by `order = entered - priority * ageing`: a step of
priority is worth a fixed time of waiting, so the order of two callers never changes while they wait, and the head
of a line is found without looking at the others. Across the lines an agent serves, the least order is served first.
A match is one step: the caller leaves the line and the agent is reserved before anything else can happen.
"""

from bisect import bisect_left, insort
from itertools import islice

from ccenter.acd import facts
from ccenter.acd.agent import Agent, AgentState
from ccenter.acd.call import Call
from ccenter.acd.config import Queue
from ccenter.acd.world import Line, World

NAMED = 10  # how many candidates, and agents passed over for one reason, a decision names


def able(w: World, code: str, queue: str, skills: dict[str, int]) -> bool:
    """Does this agent serve the queue, with these skills at these levels?"""
    config = w.config.agents.get(code)
    return config is not None and queue in config.queues and all(config.skills.get(s, 0) >= level for s, level in skills.items())


def line_for(w: World, call: Call, queue: Queue) -> Line:
    skills = queue.skills if not call.skills else {**queue.skills, **call.skills}
    key = queue.code if not call.skills else queue.code + "".join(f"|{s}={skills[s]}" for s in sorted(skills))
    line = w.lines.get(key)
    if line is None:
        eligible = {code: None for code in sorted(w.config.agents) if able(w, code, queue.code, skills)}
        line = w.lines[key] = Line(key, queue.code, skills, eligible)
        for code in eligible:
            w.agent_lines.setdefault(code, []).append(line)
    return line


def order(w: World, call: Call, queue: Queue) -> tuple[float, int, str]:
    return (call.entered - (call.priority + queue.priority) * w.settings.ageing, call.ticket, call.id)


def stand(w: World, call: Call) -> Line:
    """Put the call into its line, at the place it has earned."""
    queue = w.queue_of(call)
    line = line_for(w, call, queue)
    insort(line.waiting, order(w, call, queue))
    call.line = line.key
    w.new_calls[call.id] = None
    return line


def step_out(w: World, call: Call) -> None:
    """Take the call out of its line, if it stands in one."""
    line = w.lines.get(call.line)
    if line is not None:
        entry = order(w, call, w.queue_of(call))
        at = bisect_left(line.waiting, entry)
        if at < len(line.waiting) and line.waiting[at][2] == call.id:
            del line.waiting[at]
    call.line = ""


def length(w: World, queue: str) -> int:
    return sum(len(line.waiting) for line in w.lines.values() if line.queue == queue)


def position(w: World, call: Call) -> int:
    """1 for the next to be served of this queue."""
    entry = order(w, call, w.queue_of(call))
    return 1 + sum(bisect_left(line.waiting, entry) for line in w.lines.values() if line.queue == call.queue)


def signed_in(w: World, line: Line) -> int:
    return sum(1 for code in line.eligible if w.state.agents[code].state is not AgentState.LOGGED_OUT)


def expected_wait(w: World, call: Call, ahead: int) -> float:
    """Seconds: the calls before this one, each taking the queue's smoothed handling time, over the agents who serve it."""
    line = w.lines.get(call.line) or line_for(w, call, w.queue_of(call))
    return (ahead + 1) * w.state.handling.get(call.queue, 180.0) / max(1, signed_in(w, line))


def learn_handling(w: World, queue: str, seconds: float) -> None:
    """Exponential smoothing with a weight of 1/10."""
    old = w.state.handling.get(queue, seconds)
    w.state.handling[queue] = old + (seconds - old) * 0.1


def candidates(w: World, line: Line, strategy: str) -> list[tuple[tuple[float, float], str]]:
    """Agents who could take a call of this line now, best first, each with a score: least wins, the second number breaks ties."""
    agents, ready = w.state.agents, w.ready
    if len(ready) < len(line.eligible):
        names = [code for code in ready if code in line.eligible]
    else:
        names = [code for code in line.eligible if code in ready]
    found: list[tuple[tuple[float, float], str]]  # no function call for each of them: with 300 idle agents it would be felt
    if strategy == "round_robin":
        found = [((agents[code].turn, 0.0), code) for code in names]
    elif strategy == "fewest_calls":
        found = [((agents[code].calls, agents[code].idle_since), code) for code in names]
    elif strategy == "by_skill":
        config = w.config.agents
        found = [((-sum(config[code].skills.get(s, 0) for s in line.skills), agents[code].idle_since), code) for code in names]
    else:
        found = [((agents[code].idle_since, 0.0), code) for code in names]
    found.sort()
    return found


def explain(w: World, call: Call, line: Line, strategy: str, ranked: list[tuple[tuple[float, float], str]], chosen: str) -> None:
    """The decision as a fact. Each other agent has a reason: a worse score, or their state."""
    passed: dict[str, tuple[int, list[str]]] = {}
    for state, members in w.by_state.items():
        if members and state is not AgentState.READY:
            codes = members.keys() & line.eligible.keys()
            codes.discard(chosen)
            if codes:  # the eligible are sorted already: of many, only as many as are named are looked for
                few = sorted(codes) if len(codes) <= NAMED else list(islice(filter(codes.__contains__, line.eligible), NAMED))
                passed[state] = (len(codes), few)
    named = [(code, round(points[0], 3)) for points, code in ranked[:NAMED]]
    w.out.append(facts.CallRouted(w.seq(), w.now, call.id, call.queue, chosen, strategy, named, len(ranked), passed))


def best_waiting(w: World, agent: Agent) -> Call | None:
    """The caller this agent should serve next, over all lines they serve. Who is on a node we cannot reach is left out."""
    calls, lines = w.state.calls, w.agent_lines.get(agent.code, ())
    if w.state.down:
        waiting = [entry for line in lines for entry in line.waiting if calls[entry[2]].node not in w.state.down]
    else:
        waiting = [line.waiting[0] for line in lines if line.waiting]
    return calls[min(waiting)[2]] if waiting else None
