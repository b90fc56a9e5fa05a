"""The call centre as a pure function of what happened.

Theory of operation
-------------------
`Acd.handle(event, now)` takes one event and gives back what follows: commands for the switch and facts for the record.
`now` is handed in, time passes by `advance`, and `next_deadline` says when something will happen by itself. There is no
I/O, no clock, no dice: the same events at the same times give the same output, so a crash is a replay and a year is a few
seconds.

- **World** (world.py) is the memory: calls, agents, legs, timers. `snapshot()` is all of it.
- **Call and agent** (call.py, agent.py) are two state machines, each a table. A cell without a next state says
  "legal, and nothing happens": telephony's races (a hang-up crossing an answer) are ordinary input.
- **Legs** are channels of the switch. A call has a customer leg and, at different times, ringing legs (`offers`), an agent
  leg, a third party. A leg asked to end stays known until it has; what it does meanwhile concerns no call any more.
- **Routing** (routing.py) keeps callers in lines sorted once. **service.py** matches, offers, connects and ends;
  **queueing.py** is the wait, **ivr.py** the flows, **handling.py** what an agent does with a call, **requests.py** what
  people ask for.
- An event is handled to its end, then `match` brings together the callers and agents it made free. So a match is one step,
  and no caller waits while an agent who could serve is ready.
- A command that fails comes back as an event. After a lost link `NodeUp` says what the switch really has, and the
  difference is worked off here: what is gone ends, what is unknown is hung up, what should be joined is joined.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ccenter.acd import agent as agents
from ccenter.acd import commands, events, facts, handling, ivr, queueing, requests, routing, service
from ccenter.acd.agent import Agent, AgentState
from ccenter.acd.call import Call, CallState, Leg
from ccenter.acd.config import (
    AnyTarget,
    Config,
    Number,
    ToAgent,
    ToCallback,
    ToEnd,
    ToFlow,
    ToMenu,
    ToNumber,
    ToQueue,
    ToVoicemail,
)
from ccenter.acd.world import Output, State, World

LONGEST_WAY = 20  # targets that one event may send a call through


class Acd:
    """One call centre. Not thread-safe: one owner calls it."""

    def __init__(self, config: Config, *, seq: int = 0, counter: int = 0) -> None:
        """A new centre. `seq` and `counter` continue the numbers of an earlier record, whose state is lost."""
        self.world = _world(State(config, seq=seq, counter=counter))
        _configure(self.world, config)

    @classmethod
    def restore(cls, snapshot: dict[str, Any]) -> "Acd":
        """The centre as it was. Raises msgspec.ValidationError for what is no snapshot."""
        acd = cls.__new__(cls)
        acd.world = _world(msgspec.convert(snapshot, State))
        _index(acd.world)
        acd.world.new_ready, acd.world.new_calls = {}, {}  # all that could be matched has been
        return acd

    def snapshot(self) -> dict[str, Any]:
        """All state as plain JSON values, taken between two events."""
        self.world.state.now = self.world.now
        return msgspec.to_builtins(self.world.state)  # type: ignore[no-any-return]

    @property
    def config(self) -> Config:
        return self.world.state.config

    @property
    def legs(self) -> dict[str, Leg]:
        return self.world.state.legs

    def handle(self, event: events.AnyEvent, now: float) -> list[Output]:
        """What follows from an event, in order. Never raises for an event that telephony can bring."""
        w = self.world
        w.now = max(now, w.now)
        handler = HANDLERS.get(type(event))
        if handler is not None:
            handler(w, event)
        else:
            requests.perform(w, event)  # type: ignore[arg-type]
        return self._finish()

    def next_deadline(self) -> float | None:
        """When `advance` has something to do, if nothing happens before. Seconds since 1970."""
        return self.world.next_deadline()

    def advance(self, now: float) -> list[Output]:
        """What follows from time having passed until now."""
        w = self.world
        w.now = max(now, w.now)
        while (key := w.due()) is not None:
            kind, _, ident = key.partition(":")
            _on_alarm(w, kind, ident)
            service.match(w)
        return self._finish()

    def _finish(self) -> list[Output]:
        w = self.world
        if w.new_ready or w.new_calls:
            service.match(w)
        out, w.out = w.out, []
        return out


def _world(state: State) -> World:
    w = World(state)
    w.go = go
    return w


def go(w: World, call: Call, target: AnyTarget) -> None:
    """Send a call on to a target. Rules that send callers round in a circle end at the voicemail."""
    w.hops += 1
    try:
        _go(w, call, target if w.hops <= LONGEST_WAY else ToVoicemail(call.queue or "general"))
    finally:
        w.hops -= 1


def _go(w: World, call: Call, target: AnyTarget) -> None:
    match target:
        case ToQueue():
            queueing.enter(w, call, target)
        case ToFlow(flow=flow, node=node):
            service.stop_machine(w, call)
            ivr.enter(w, call, flow, node)
        case ToAgent(agent=code):
            handling.to_agent(w, call, code)
        case ToNumber(number=number):
            handling.to_number(w, call, number)
        case ToVoicemail(mailbox=mailbox):
            queueing.take_message(w, call, mailbox)
        case ToCallback():
            queueing.promise(w, call)
        case ToMenu():
            flow, node = call.menu or ("", "")
            call.back = None
            go(w, call, ToFlow(flow, node) if flow else ToEnd("goodbye"))
        case ToEnd():
            queueing.goodbye(w, call, target)


# -- configuration ---------------------------------------------------------------------------------------------


def _configure(w: World, config: Config) -> None:
    """Take a new configuration. Who is signed in stays; callers stay in line, by the new rules."""
    w.state.config = config
    for code in config.agents:
        if code not in w.state.agents:
            w.state.agents[code] = Agent(code)
    for code in [c for c in w.state.agents if c not in config.agents]:
        if w.state.agents[code].state is AgentState.LOGGED_OUT:
            del w.state.agents[code]
        elif w.state.agents[code].state in (AgentState.READY, AgentState.NOT_READY, AgentState.WRAP_UP):
            agents.sign_out(w, w.state.agents[code])
        else:
            w.state.agents[code].after = AgentState.LOGGED_OUT
    _index(w)


def _index(w: World) -> None:
    """Build what is derived from the state."""
    state = w.state
    w.ready = {code: None for code, agent in state.agents.items() if agent.state is AgentState.READY}
    w.wake()
    w.endpoints = {agent.endpoint: code for code, agent in state.agents.items() if agent.endpoint}
    w.lines, w.agent_lines, w.new_calls = {}, {}, {}
    for queue in state.config.queues.values():
        routing.line_for(w, Call("", "in", 0.0, queue=queue.code), queue)
    for call in state.calls.values():
        if call.line:
            routing.stand(w, call)
        elif call.rings_all:
            routing.line_for(w, call, w.queue_of(call)).ringing[call.id] = None


def _on_config(w: World, event: events.ConfigChanged) -> None:
    _configure(w, event.config)
    c = event.config
    for call in [call for call in w.state.calls.values() if call.line and call.queue not in c.queues]:
        service.overflow(w, call, "removed", c.settings.default_target or ToVoicemail(call.queue))
    w.out.append(facts.ConfigApplied(w.seq(), w.now, len(c.queues), len(c.agents), len(c.flows), len(c.numbers)))


# -- the switch ------------------------------------------------------------------------------------------------


def _on_offered(w: World, event: events.CallOffered) -> None:
    if event.leg in w.state.legs:
        return  # told twice, after a lost link
    number = w.config.numbers.get(event.dnis) or Number(event.dnis, w.settings.default_target or ToEnd())
    call = Call(w.fresh("c"), "in", w.now, ani=event.ani, dnis=event.dnis, trunk=event.trunk)
    call.node = event.leg.partition("-")[0]
    call.label, call.name = number.label, event.name
    call.language, call.priority, call.record = number.language, number.priority, number.record
    call.variables = {"ani": event.ani, "dnis": event.dnis, "label": number.label}
    call.customer = event.leg
    w.state.calls[call.id] = call
    w.state.legs[event.leg] = Leg(event.leg, call.id, "customer", w.now, channel=event.channel, state="offered")
    w.out.append(
        facts.CallStarted(
            w.seq(),
            w.now,
            call.id,
            event.leg,
            "in",
            event.ani,
            event.dnis,
            event.trunk,
            number.label,
            event.name,
            "",
            number.language,
        )
    )
    if number.target == ToEnd():
        service.end(w, call, "system", 1, "unknown_number")  # refused unanswered
    else:
        go(w, call, number.target)


def _on_ringing(w: World, event: events.LegRinging) -> None:
    leg = w.state.legs.get(event.leg)
    if leg is None or leg.state != "dialling":
        return
    leg.state = "ringing"
    call = w.state.calls.get(leg.call)
    if call is not None and leg.id in call.offers:
        w.out.append(facts.AgentRinging(w.seq(), w.now, call.id, leg.agent))


def _on_answered(w: World, event: events.LegAnswered) -> None:
    leg = w.state.legs.get(event.leg)
    if leg is None:
        w.out.append(commands.HangUp(event.leg))  # answered after it was given up
        return
    if leg.state not in ("dialling", "ringing") or leg.ending:
        return
    leg.state = "up"
    leg.channel = event.channel or leg.channel
    call = w.state.calls.get(leg.call)
    if call is None:
        w.hang_up(leg.id)
    elif leg.id in call.offers:
        service.connect(w, call, leg, w.state.agents[leg.agent])
    elif call.party is not None and leg.id == call.party.leg:
        handling.party_answered(w, call, call.party)
    elif leg.id == call.customer:
        service.reached(w, call)


def _on_ended(w: World, event: events.LegEnded) -> None:
    leg = w.state.legs.pop(event.leg, None)
    if leg is not None:
        w.quiet("ring", leg.id)
        w.quiet("dial", leg.id)
        handling.leg_ended(w, leg, event.cause, event.note)


def _on_held(w: World, event: events.LegHeld) -> None:
    """The hold key of an agent's own phone does what the request does."""
    leg = w.state.legs.get(event.leg)
    call = w.state.calls.get(leg.call) if leg is not None else None
    if call is not None and event.leg == call.agent_leg and call.party is None:
        if event.held:
            handling.hold(w, call)
        else:
            handling.resume(w, call)


def _on_key(w: World, event: events.KeyPressed) -> None:
    leg = w.state.legs.get(event.leg)
    call = w.state.calls.get(leg.call) if leg is not None else None
    if call is None or event.leg != call.customer:
        return
    if call.asking:
        queueing.ask_key(w, call, event.key)
    elif call.cursor is not None:
        ivr.key_pressed(w, call, event.key)
    elif call.message:
        if event.key == "#":
            w.out.append(commands.StopMessage(call.customer, call.message))
    elif call.queue and call.state in (CallState.QUEUED, CallState.RESERVED) and call.queued_at:
        queueing.key_pressed(w, call, event.key)


def _on_play_ended(w: World, event: events.PlayEnded) -> None:
    leg = w.state.legs.get(event.leg)
    call = w.state.calls.get(leg.call) if leg is not None else None
    if call is not None and call.play and call.play == event.play:
        _after_play(w, call)


def _after_play(w: World, call: Call) -> None:
    saying, call.play, call.saying = call.saying, "", ""
    match saying:
        case "flow":
            ivr.play_ended(w, call)
        case "announce":
            w.music(call.customer, w.queue_of(call).music)
        case "ask":
            w.alarm("ask", call.id, w.now + queueing.ASK_SECONDS)
        case "message":
            queueing.record_message(w, call)
        case "parting":
            service.end(w, call, "system")


def _on_message(w: World, event: events.MessageRecorded) -> None:
    call = next((call for call in w.state.calls.values() if call.message and call.message == event.message), None)
    if call is not None:
        queueing.message_recorded(w, call, event)


def _on_phone(w: World, event: events.PhoneChanged) -> None:
    agent = w.state.agents.get(w.endpoints.get(event.endpoint, ""))
    if agent is not None:
        agents.phone_changed(w, agent, event.online)


def _on_failed(w: World, event: events.CommandFailed) -> None:
    leg = w.state.legs.get(event.leg)
    call = w.state.calls.get(leg.call) if leg is not None else None
    w.out.append(facts.SwitchRefused(w.seq(), w.now, event.command, event.leg, call.id if call else "", event.reason))
    if call is not None and event.command == "Play" and call.play:
        w.out.append(commands.StopPlay(event.leg, call.play))  # it may have been an earlier one that failed
        _after_play(w, call)  # a prompt that cannot be played must not stop the call
    elif call is not None and event.command == "StartRecording" and call.recording:
        w.out.append(facts.RecordingFailed(w.seq(), w.now, call.id, call.recording, event.reason))
        call.recording, call.paused = "", False
    elif call is not None and event.command == "RecordMessage" and call.message:
        queueing.message_recorded(w, call, None)


def _on_recording(w: World, event: events.RecordingChecked) -> None:
    if event.bytes > 0:
        w.out.append(facts.RecordingDone(w.seq(), w.now, event.call, event.recording, event.path, event.bytes))
    else:
        reason = event.reason or "missing"
        w.out.append(facts.RecordingFailed(w.seq(), w.now, event.call, event.recording, reason))


def _on_looked_up(w: World, event: events.LookedUp) -> None:
    call = w.state.calls.get(event.call)
    if call is not None:
        ivr.looked_up(w, call, event)


def _on_stored(w: World, event: events.Stored) -> None:
    call = w.state.calls.get(event.token)
    if call is not None:
        queueing.stored(w, call, event.failed)


# -- the link to the switch ------------------------------------------------------------------------------------


def _on_node_down(w: World, event: events.NodeDown) -> None:
    if event.node not in w.state.down:
        w.state.down.append(event.node)
        w.out.append(facts.NodeChanged(w.seq(), w.now, event.node, False))


def _on_node_up(w: World, event: events.NodeUp) -> None:
    """Work off the difference between what we believe and what the switch has."""
    here = event.node + "-"
    note = "switch_restarted" if event.restarted else "gone_unseen"
    if event.node in w.state.down:
        w.state.down.remove(event.node)
    before = len(w.state.calls)
    bridges = [call.bridge for call in w.state.calls.values() if call.bridge.startswith(here)]
    w.out += [commands.MakeBridge(bridge) for bridge in bridges if bridge not in event.bridges]
    gone = [leg for leg in w.state.legs.values() if leg.id.startswith(here) and leg.id not in event.legs]
    for leg in sorted(gone, key=lambda leg: leg.role != "customer"):  # else a lost agent's caller were offered anew first
        _on_ended(w, events.LegEnded(leg.id, 0, note))
    lost = before - len(w.state.calls)
    for leg_id, channel_state in event.legs.items():
        known = w.state.legs.get(leg_id)
        if known is None or known.ending:
            w.out.append(commands.HangUp(leg_id))
        elif channel_state == "Up":
            _on_answered(w, events.LegAnswered(leg_id))
    wanted = {call.bridge for call in w.state.calls.values() if call.bridge} | {here + "hold"}
    w.out += [commands.DropBridge(bridge) for bridge in event.bridges if bridge.startswith(here) and bridge not in wanted]
    for call in list(w.state.calls.values()):
        if call.node == event.node:
            _mend(w, call, event)
    w.wake()
    w.out.append(facts.NodeChanged(w.seq(), w.now, event.node, True, event.restarted, max(0, lost)))


def _mend(w: World, call: Call, event: events.NodeUp) -> None:
    """Say again what may have been lost on the way: who is joined, what is heard."""
    customer = w.state.legs.get(call.customer)
    if customer is not None and customer.answered and event.legs.get(call.customer) == "Ring":
        w.out.append(commands.Answer(call.customer))
    together = event.bridges.get(call.bridge, ())
    party = call.party.leg if call.party else ""
    apart = tuple(
        leg.id
        for leg in (w.state.legs.get(i) for i in (call.customer, call.agent_leg, party))
        if leg is not None and call.bridge and leg.bridge == call.bridge and leg.id not in together
    )
    if apart:
        w.out.append(commands.Join(call.bridge, apart))
    if customer is None:
        return
    there = next((bridge for bridge, legs in event.bridges.items() if customer.id in legs), "")
    if there and not customer.bridge:
        w.out.append(commands.Leave(there, customer.id))
    elif customer.bridge == "hold" and there != event.node + "-hold":
        w.out.append(commands.Park(customer.id, w.queue_of(call).music))
    if customer.music and not call.play:
        w.out.append(commands.StartMusic(customer.id, customer.music))
    elif not customer.music and customer.state == "up":
        w.out.append(commands.StopMusic(customer.id))
    if call.play and call.saying:  # its end may have come while nobody listened
        w.out.append(commands.StopPlay(call.customer, call.play))
        _after_play(w, call)


# -- time ------------------------------------------------------------------------------------------------------


def _on_alarm(w: World, kind: str, ident: str) -> None:
    if kind in ("wrap", "rest"):
        agents.settle(w, w.state.agents[ident])  # any change of state would have quieted it
        return
    if kind in ("ring", "dial"):
        _nobody_answers(w, ident)
        return
    call = w.state.calls.get(ident)
    if call is not None:
        CALL_ALARMS[kind](w, call)


def _nobody_answers(w: World, leg_id: str) -> None:
    leg = w.state.legs.get(leg_id)
    call = w.state.calls.get(leg.call) if leg is not None else None
    if call is None:
        return
    if leg_id in call.offers:
        service.offer_failed(w, call, leg_id, "no_answer")
    elif call.party is not None and leg_id == call.party.leg:
        handling.party_gone(w, call, call.party, 19, "")
    elif leg_id == call.customer:
        service.end(w, call, "system", 19, "no_answer")


CALL_ALARMS: dict[str, Callable[[World, Call], None]] = {
    "announce": queueing.announce,
    "wait": queueing.too_long,
    "input": ivr.input_timeout,
    "lookup": lambda w, call: ivr.looked_up(w, call, None),
    "ask": lambda w, call: queueing.ask_key(w, call, ""),
    "store": lambda w, call: queueing.stored(w, call, True),
    "message": lambda w, call: queueing.message_recorded(w, call, None),
}
HANDLERS: dict[type, Callable[[World, Any], None]] = {
    events.CallOffered: _on_offered,
    events.SeatDialled: requests.seat_dialled,
    events.LegRinging: _on_ringing,
    events.LegAnswered: _on_answered,
    events.LegEnded: _on_ended,
    events.LegHeld: _on_held,
    events.KeyPressed: _on_key,
    events.PlayEnded: _on_play_ended,
    events.MessageRecorded: _on_message,
    events.PhoneChanged: _on_phone,
    events.NodeDown: _on_node_down,
    events.NodeUp: _on_node_up,
    events.CommandFailed: _on_failed,
    events.LookedUp: _on_looked_up,
    events.Stored: _on_stored,
    events.RecordingChecked: _on_recording,
    events.ConfigChanged: _on_config,
}
