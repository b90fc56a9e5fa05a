"""A call meets an agent: offers, the connection, and every way a call ends."""

from ccenter.acd import agent as agents
from ccenter.acd import commands, facts, owing, routing, standing
from ccenter.acd.agent import Agent, AgentState, AgentTrigger
from ccenter.acd.call import Call, CallState, CallTrigger, Leg, Party, moved
from ccenter.acd.config import AnyTarget, ToEnd, ToFlow, ToQueue, ToVoicemail, Trunk
from ccenter.acd.speech import Digits, say
from ccenter.acd.world import World

CAUSES = {17: "busy", 18: "no_answer", 19: "no_answer", 20: "no_answer", 21: "refused", 26: "elsewhere"}
NORMAL = (16, 31)
ANSWERED_ELSEWHERE = 26
MACHINE_TIMERS = ("input:", "lookup:", "announce:", "wait:", "ask:", "store:", "message:")


# -- offers ----------------------------------------------------------------------------------------------------


def route(w: World, call: Call) -> bool:
    """Offer a waiting call to the best agent free for it. False when there is none."""
    line = w.lines.get(call.line)
    if line is None or call.node in w.state.down:
        return False
    queue = w.queue_of(call)
    ranked = routing.candidates(w, line, queue.strategy)
    if not ranked:
        return False
    together = queue.ring_all_most if queue.strategy == "ring_all" else 1
    chosen = [w.state.agents[code] for _, code in ranked[:together]]
    routing.explain(w, call, line, queue.strategy, ranked, chosen[0].code)
    routing.step_out(w, call)
    if together > 1:
        line.ringing[call.id] = None
        call.rings_all = True
    offer(w, call, chosen, queue.ring_seconds)
    return True


def ring_along(w: World, agent: Agent) -> None:
    """Let a newly ready agent's phone ring with the others' for a ring-all call."""
    ringing = [w.state.calls[call] for line in w.agent_lines.get(agent.code, ()) for call in line.ringing]
    for call in sorted(ringing, key=lambda call: routing.order(w, call, w.queue_of(call))):
        queue = w.queue_of(call)
        if len(call.offers) < queue.ring_all_most and call.node not in w.state.down:
            offer(w, call, [agent], queue.ring_seconds)
            return


def offer(w: World, call: Call, chosen: list[Agent], seconds: float, *, auto: bool = False) -> None:
    moved(call, CallTrigger.RESERVE)
    for agent in chosen:
        if agents.reserve(w, agent, call.id):
            ring_agent(w, call, agent, seconds, auto=auto)


def ring_agent(w: World, call: Call, agent: Agent, seconds: float, *, auto: bool = False) -> None:
    """Ring the phone of an agent who is reserved for the call."""
    shown = call.ani if call.direction == "in" else call.dial_to
    leg = w.dial(call, "agent", agent.endpoint, shown, agent=agent.code, auto=auto)
    call.offers[leg.id] = agent.code
    w.alarm("ring", leg.id, w.now + seconds)
    w.out.append(facts.CallOfferedTo(w.seq(), w.now, call.id, agent.code, leg.id, call.queue))


def offer_ended(w: World, call: Call, leg_id: str, reason: str) -> Agent:
    """One phone stops ringing. What becomes of the agent and the call is the caller's business."""
    agent = w.state.agents[call.offers.pop(leg_id)]
    leg = w.state.legs.get(leg_id)
    rang = round(w.now - leg.since, 3) if leg else 0.0
    w.quiet("ring", leg_id)
    w.out.append(facts.OfferEnded(w.seq(), w.now, call.id, agent.code, reason, rang))
    w.hang_up(leg_id, ANSWERED_ELSEWHERE if reason == "elsewhere" else 16)
    return agent


def offer_failed(w: World, call: Call, leg_id: str, reason: str) -> None:
    """A phone did not answer, or refused: the call keeps its place, at the head."""
    queue = w.queue_of(call)
    agent = offer_ended(w, call, leg_id, reason)
    agents.missed(w, agent, reason, queue.max_misses if call.queue else 3)
    if not call.offers:
        fall_back(w, call, reason)
    else:
        w.wake()  # of a ring-all call: another may ring along in this one's place


def withdraw(w: World, call: Call, reason: str) -> None:
    """Stop all phones that ring for the call; their agents are free again."""
    if call.rings_all:
        call.rings_all = False
        routing.line_for(w, call, w.queue_of(call)).ringing.pop(call.id, None)
    for leg_id in list(call.offers):
        agents.settle(w, offer_ended(w, call, leg_id, reason))
    let_held_go(w, call)


def let_held_go(w: World, call: Call) -> None:
    """The agent who was kept free for a customer is not wanted any more."""
    agent = w.state.agents.get(call.held_for)
    call.held_for = ""
    if agent is not None:
        agents.settle(w, agent)


def fall_back(w: World, call: Call, reason: str) -> None:
    """Nobody took the call: a transfer goes back, a caller to the line, an agent's own call ends."""
    withdraw(w, call, reason)  # rings nowhere any more
    if call.direction != "in" and not call.customer:
        end(w, call, "system", note=reason)
    elif call.fell_back:
        recover(w, call, "agent", reason)
    elif call.queue in w.config.queues:
        requeue(w, call, reason)
    elif call.dial_to in w.state.agents:
        w.go(w, call, ToVoicemail("agent:" + call.dial_to))
    else:
        w.go(w, call, home(w, call.served_by))


def requeue(w: World, call: Call, reason: str) -> None:
    """Back into the line, at the place the caller has earned by waiting since they first asked. Unless it was long enough."""
    withdraw(w, call, "withdrawn")
    moved(call, CallTrigger.QUEUE)
    call.fell_back = ""
    w.out.append(facts.CallRequeued(w.seq(), w.now, call.id, call.queue, reason))
    call.queued_at = call.queued_at or w.now
    queue = w.queue_of(call)
    if queue.max_wait is not None and queue.on_timeout is not None and call.queued_at + queue.max_wait <= w.now:
        overflow(w, call, "time", queue.on_timeout)
        return
    if not call.play:  # else an announcement goes on, and music follows it
        w.music(call.customer, queue.music)
    routing.stand(w, call)
    keep_waiting(w, call)


def keep_waiting(w: World, call: Call) -> None:
    """Set the alarms of a wait: the next announcement, and the longest wait the queue allows."""
    queue = w.queue_of(call)
    if queue.announce:
        w.alarm("announce", call.id, w.now + queue.announce_after)
    if queue.max_wait is not None and queue.on_timeout is not None:
        w.alarm("wait", call.id, call.queued_at + queue.max_wait)


def overflow(w: World, call: Call, reason: str, target: AnyTarget) -> None:
    """Send the caller on by a rule of the queue they are in."""
    routing.step_out(w, call)
    stop_machine(w, call)
    waited(w, call)
    call.overflow = target
    w.out.append(facts.CallOverflowed(w.seq(), w.now, call.id, call.queue, reason, named(target)))
    w.go(w, call, target)


def recover(w: World, call: Call, target: str, reason: str) -> None:
    """A transfer failed: the customer goes back to the agent who sent them, if free, else to a queue."""
    agent = w.state.agents.get(call.fell_back)
    call.fell_back = ""
    if agent is not None and agent.online and agent.state in (AgentState.READY, AgentState.WRAP_UP):
        w.out.append(facts.TransferFailed(w.seq(), w.now, call.id, target, reason, "agent:" + agent.code))
        w.music(call.customer, w.queue_of(call).music)
        offer(w, call, [agent], w.settings.dial_seconds)
        return
    back = ToQueue(call.queue) if call.queue in w.config.queues else home(w, agent.code if agent is not None else "")
    w.out.append(facts.TransferFailed(w.seq(), w.now, call.id, target, reason, named(back)))
    w.go(w, call, back)


def home(w: World, code: str) -> AnyTarget:
    """Where the customer of an agent goes who can't be had: to their first queue."""
    own = w.config.agents[code].queues if code in w.config.agents else ()
    queue = next((queue for queue in own if queue in w.config.queues), "")
    return ToQueue(queue) if queue else ToEnd("agent-not-available")


# -- the connection --------------------------------------------------------------------------------------------


def stop_machine(w: World, call: Call) -> None:
    """Whatever the machine said or waited for on this call is over."""
    if call.play:
        w.out.append(commands.StopPlay(call.customer, call.play))
        call.play = ""
    call.saying = call.asking = ""
    call.cursor = None
    timers = w.state.timers
    if timers:
        for kind in MACHINE_TIMERS:
            timers.pop(kind + call.id, None)
        if call.callback or call.screen:
            w.quiet("screen", call.id)
            w.quiet("judge", call.id)


def waited(w: World, call: Call) -> float:
    """End the present wait and say how long it was."""
    seconds = round(w.now - call.queued_at, 3) if call.queued_at else 0.0
    call.waited += seconds
    call.queued_at = 0.0
    return seconds


def connect(w: World, call: Call, leg: Leg, agent: Agent) -> None:
    """An agent took the call: theirs alone from here."""
    del call.offers[leg.id]
    w.quiet("ring", leg.id)
    withdraw(w, call, "elsewhere")
    call.agent, call.agent_leg = agent.code, leg.id
    agents.change(w, agent, AgentTrigger.TALK)
    agent.misses = 0
    agent.calls += 1
    call.fell_back = ""
    if not call.customer:  # the agent's own call: now ring whom they want
        dial_out(w, call)
        return
    stop_machine(w, call)
    moved(call, CallTrigger.CONNECT)
    call.connected_at = w.now
    first, call.served_by, call.served_in = not call.served_by, agent.code, call.queue
    seconds = waited(w, call)
    queue = w.queue_of(call)
    greeting = queue.callbacks.greeting if first and call.direction == "out" else ""
    if call.back is None and queue.survey in w.config.flows:
        call.back = (queue.survey, w.config.flows[queue.survey].start)
    if greeting or queue.announce_agent:
        w.join(call, leg.id)
        announce_agent(w, call, greeting)
    else:
        w.join(call, call.customer, leg.id)
    w.out.append(facts.CallConnected(w.seq(), w.now, call.id, agent.code, call.queue, seconds, round(w.now - leg.since, 3)))
    start_recording(w, call)


def announce_agent(w: World, call: Call, greeting: str) -> None:
    """Tell the customer the agent's number, or what this call is. They join when it is said: joining ends what a leg is told."""
    names = (greeting,) if greeting else ("agent-number-is", *say(call.language, Digits(call.agent)), "agent-serves-you")
    w.unpark(call.customer)
    w.silence(call.customer)
    call.play, call.saying = w.fresh("p", call.node), "agent"
    w.out.append(commands.Play(call.customer, call.play, names, call.language))


def start_recording(w: World, call: Call) -> None:
    """Somebody begins to talk with the customer, or does so on another leg now.

    Record by rule: the queue's for callers, the centre's for the rest.
    There is one recording of a call; through all transfers it goes on.
    """
    settings = w.settings
    by_rule = {
        "in": call.record and (w.queue_of(call).record if call.queue else True),
        "out": settings.record_out,
        "internal": settings.record_internal,
    }[call.direction]
    leg = w.state.legs.get(call.customer)
    if leg is None:
        return
    if call.recording:
        w.out.append(commands.ContinueRecording(leg.id, leg.channel, call.recording, call.paused))
        return
    if not by_rule:
        return
    call.recording = w.fresh("r", call.node)
    w.out.append(commands.StartRecording(leg.id, leg.channel, call.recording, call.id))
    w.out.append(facts.RecordingStarted(w.seq(), w.now, call.id, call.recording))


def pause_recording(w: World, call: Call, paused: bool, by: str) -> bool:
    leg = w.state.legs.get(call.customer)
    if not call.recording or leg is None or call.paused == paused:
        return False
    call.paused = paused
    w.touch(call)
    w.out.append(commands.PauseRecordingOf(leg.id, leg.channel, paused))
    w.out.append(facts.RecordingPaused(w.seq(), w.now, call.id, call.recording, paused, by))
    return True


# -- outbound and internal -------------------------------------------------------------------------------------


def outbound(w: World, number: str, *, keep: bool = False) -> tuple[str, str] | None:
    """Endpoint and caller id to reach a number, over the first trunk that may and has a channel free.

    `keep`: leave free what is kept for who calls in.
    """
    for trunk in w.config.trunks.values():
        if carries(trunk, number) and w.used.get(trunk.code, 0) + (trunk.kept if keep else 0) < trunk.capacity:
            return f"PJSIP/{number}@trunk-{trunk.code}", trunk.caller_id
    return None


def carries(trunk: Trunk, number: str) -> bool:
    return trunk.outbound and (not trunk.prefixes or number.startswith(trunk.prefixes))


def reachable(w: World, number: str) -> bool:
    """Is there a trunk that carries it, if not just now?"""
    return any(carries(trunk, number) and trunk.capacity > trunk.kept for trunk in w.config.trunks.values())


def ring_customer(w: World, call: Call) -> bool:
    """Ring the number. Without a line for it, or when it is not allowed any more, the call ends."""
    entry = w.state.callbacks.get(call.callback)
    refused = owing.refused_now(w, entry) if entry is not None and not call.by_hand else ""
    if refused:
        end(w, call, "system", note=refused)
        return False
    way = outbound(w, call.dial_to, keep=entry is not None)
    if way is None:
        end(w, call, "system", cause=34, note="no_trunk")
        return False
    endpoint, shown = way
    seconds, detect = w.settings.dial_seconds, False
    if entry is not None:
        rules = standing.rules_of(w, entry)
        shown, seconds, detect = owing.shown(w, entry, shown), rules.ring_seconds, rules.detect
    call.customer = w.dial(call, "customer", endpoint, shown, detect=detect).id
    w.alarm("dial", call.customer, w.now + seconds)
    owing.dialled(w, call, shown)
    return True


def dial_out(w: World, call: Call) -> None:
    """The agent is on their phone: ring the number or colleague they asked for."""
    colleague = w.state.agents.get(call.dial_to) if call.direction == "internal" else None
    tone = w.fresh("p", call.node)
    if colleague is not None:
        if not colleague.endpoint or colleague.state not in (AgentState.READY, AgentState.NOT_READY):
            end(w, call, "system", cause=17, note="agent_busy")
            return
        agents.reserve(w, colleague, call.id)
        call.customer = w.dial(call, "customer", colleague.endpoint, call.agent, agent=colleague.code).id
        w.alarm("dial", call.customer, w.now + w.settings.dial_seconds)
    elif not ring_customer(w, call):
        return
    call.play = tone
    w.out.append(commands.Play(call.agent_leg, tone, ("tone:ring",), call.language))


def reached(w: World, call: Call) -> None:
    """The dialled customer or colleague answered."""
    w.quiet("dial", call.customer)
    if call.play:
        w.out.append(commands.StopPlay(call.agent_leg, call.play))
        call.play = ""
    leg = w.state.legs[call.customer]
    if leg.agent:
        agents.change(w, w.state.agents[leg.agent], AgentTrigger.TALK)
    moved(call, CallTrigger.CONNECT)
    call.connected_at = w.now
    call.reached = True
    call.served_by, call.served_in = call.agent, call.queue
    owing.reached(w, call)
    w.touch(call)
    w.join(call, call.agent_leg, call.customer)
    w.out.append(facts.CallReached(w.seq(), w.now, call.id, call.dial_to))
    start_recording(w, call)


# -- the end ---------------------------------------------------------------------------------------------------


def release_agent(w: World, call: Call) -> None:
    """The serving agent leaves: their leg ends, their wrap-up begins."""
    agent = w.state.agents.get(call.agent)
    w.hang_up(call.agent_leg)
    call.agent = call.agent_leg = ""
    if agent is not None:
        if call.direction == "internal":
            wrap_up = 0.0
        else:
            wrap_up = w.queue_of(call).wrap_up_seconds if call.queue else w.settings.wrap_up_seconds
        agents.finished(w, agent, wrap_up)


def close_talk(w: World, call: Call) -> None:
    """Add up the talk that ends now."""
    if call.held_at:
        call.held += w.now - call.held_at
        call.held_at = 0.0
    if call.connected_at:
        call.talked += w.now - call.connected_at
        if call.served_in:
            wrap_up = w.queue_of(call).wrap_up_seconds
            routing.learn_handling(w, call.served_in, w.now - call.connected_at + wrap_up)
        call.connected_at = 0.0


def after_service(w: World, call: Call, by: str) -> None:
    """The agent is done: back to the flow if the caller is to return there, else the end."""
    if call.back is not None and call.customer in w.state.legs and not call.gone:
        flow, node = call.back
        close_talk(w, call)
        drop_party(w, call)
        release_agent(w, call)
        w.unbridge(call)
        call.back = None
        call.queue, call.entered, call.ticket = "", 0.0, 0  # served: whoever asks again, asks anew
        w.go(w, call, ToFlow(flow, node))
    else:
        end(w, call, by)


def outcome(call: Call, by: str, note: str) -> str:
    """Exactly one for each call. A served caller is ANSWERED, whatever came after; a caller whom the switch lost is FAILED."""
    if call.served_by:
        return "ANSWERED"
    if call.direction != "in":
        return "SELF_SERVED" if call.informed else "ABANDONED" if call.reached and not call.machine else "NO_ANSWER"
    if call.left_message:
        return "VOICEMAIL"
    if call.promised:
        return "CALLBACK"
    if call.reached:
        return "OVERFLOWED"
    if call.informed:
        return "SELF_SERVED"
    if note == "unknown_number":
        return "BLOCKED"
    return "FAILED" if by == "switch" else "ABANDONED"


def end(w: World, call: Call, by: str, cause: int = 16, note: str = "") -> None:
    """The call is over for everybody, and for good."""
    if call.state is CallState.ENDED:
        return
    where = call.state
    owing.off_line(w, call)
    routing.step_out(w, call)
    close_talk(w, call)
    waited(w, call)
    stop_machine(w, call)
    withdraw(w, call, "caller_gone" if by == "customer" else "withdrawn")
    agent = call.agent
    w.quiet("dial", call.customer)
    colleague = w.state.agents.get(call.dial_to) if call.direction == "internal" else None
    if colleague is not None and colleague.call == call.id:
        agents.finished(w, colleague, 0.0)
    drop_party(w, call)
    release_agent(w, call)
    w.hang_up(call.customer, cause)
    w.unbridge(call)
    moved(call, CallTrigger.END)
    del w.state.calls[call.id]
    if call.recording:
        w.out.append(commands.CheckRecording(call.id, call.recording))
    w.out.append(
        facts.CallEnded(
            w.seq(),
            w.now,
            call.id,
            outcome(call, by, note),
            by,
            cause,
            where,
            note,
            call.served_by or agent,
            call.served_in or call.queue,
            round(call.waited, 3),
            round(call.talked, 3),
            round(call.held, 3),
        )
    )
    owing.call_over(w, call, by, cause, note, outcome(call, by, note), where)


def drop_party(w: World, call: Call) -> None:
    """Let go whoever is there beside customer and agent."""
    for party in call.parties():
        let_go(w, call, party)


def let_go(w: World, call: Call, party: Party) -> None:
    """One of them goes. In a conference the next who is there takes the third person's place."""
    w.touch(call)
    if party is call.party:
        call.party = next((guest for guest in call.guests if guest.up), None)
        if call.party is not None:
            call.guests.remove(call.party)
    else:
        call.guests.remove(party)
    w.quiet("dial", party.leg)
    w.hang_up(party.leg)
    if party.agent:
        agents.finished(w, w.state.agents[party.agent], 0.0)


def named(target: AnyTarget | None) -> str:
    """A target in a word: "queue:sales"."""
    if target is None:
        return ""
    first = next((str(value) for field in target.__struct_fields__ if (value := getattr(target, field))), "")
    return f"{target.__struct_config__.tag}:{first}" if first else str(target.__struct_config__.tag)
