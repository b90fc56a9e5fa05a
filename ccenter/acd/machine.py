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
  leg, a third party; leads may hang on to it (`watches`). A leg asked to end stays known until it has; what it does meanwhile
  concerns no call any more.
- **Routing** (routing.py) keeps callers in lines sorted once. **matching.py** brings them to agents, **service.py** offers,
  connects and ends; **queueing.py** is the wait, **ivr.py** the flows, **handling.py** what an agent does with a call,
  **legs.py** what becomes of it when a leg ends or a browser's phone is lost, **seat.py** an agent's states, **supervise.py**
  what a lead does with others' calls, **requests.py** what people ask for, **situation.py** what they may, **switch.py** what
  the switch reports, **link.py** the link to it.
- **Callbacks** (callback.py, a third machine) are calls we owe: **surge.py** lets a machine take a share of the calls when lines
  run short, **owing.py** opens, lines up and closes them, **attempts.py** dials them, **office.py** takes tasks that are due.
- An event is handled to its end, then `match` brings together the callers and agents it made free. So a match is one step,
  and no caller waits while an agent who could serve is ready.
- A command that fails comes back as an event. After a lost link `NodeUp` says what the switch really has, and the
  difference is worked off: what is gone ends, what is unknown is hung up, what should be joined is joined.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ccenter.acd import agent as agents
from ccenter.acd import (
    attempts,
    events,
    facts,
    handling,
    ivr,
    legs,
    link,
    matching,
    office,
    owing,
    queueing,
    requests,
    routing,
    service,
    supervise,
    surge,
    switch,
)
from ccenter.acd.agent import Agent, AgentState
from ccenter.acd.call import Call, Leg
from ccenter.acd.callback import Callback
from ccenter.acd.config import (
    AnyTarget,
    Config,
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
        acd, state = cls.__new__(cls), msgspec.convert(snapshot, State)
        for ident, call in snapshot["calls"].items():
            if call.get("away"):  # an older version's snapshot: only who serves could be lost, and the call said so
                state.agents[call["agent"]].away = call["away"]
                for kind in ("away", "again"):
                    if (at := state.timers.pop(f"{kind}:{ident}", None)) is not None:
                        state.timers[f"{kind}:{call['agent']}"] = at
        acd.world = _world(state)
        _index(acd.world)
        acd.world.new_ready, acd.world.new_calls, acd.world.rouse = {}, {}, False  # all that could be matched has been
        for agent in acd.world.state.agents.values():
            agent.web = agents.is_web(agent.endpoint)  # an older version's snapshot does not say
            if agent.allows != requests.allowed(acd.world, agent):  # a newer version of this code allows something else
                acd.world.touched[agent.code] = agent
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
        w.now = now if now > w.now else w.now
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
            matching.match(w)
        return self._finish()

    def _finish(self) -> list[Output]:
        w = self.world
        if w.watches:
            supervise.arrange(w)
        if w.rouse and not w.callback_lines and not w.presented:
            w.rouse = False
        if w.new_ready or w.new_calls or w.rouse:
            matching.match(w)
        if w.touched:
            requests.tell_allowed(w)
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
    w.touched.update(w.state.agents)
    _index(w)


def _index(w: World) -> None:
    """Build what is derived from the state."""
    state = w.state
    for members in w.by_state.values():
        members.clear()
    for code, agent in state.agents.items():
        w.by_state[agent.state][code] = None
    w.wake()
    w.endpoints = {agent.endpoint: code for code, agent in state.agents.items() if agent.endpoint}
    w.lines, w.agent_lines, w.new_calls = {}, {}, {}
    for queue in state.config.queues.values():
        routing.line_for(w, Call("", "in", 0.0, queue=queue.code), queue)
    owing.index(w)
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


# -- time ------------------------------------------------------------------------------------------------------


def _on_alarm(w: World, kind: str, ident: str) -> None:
    if kind in SEAT_ALARMS:
        SEAT_ALARMS[kind](w, w.state.agents[ident])
        return
    if kind == "snoop":
        supervise.snoop_failed(w, ident)
        return
    if kind in ("ring", "dial"):
        _nobody_answers(w, ident)
        return
    if kind == "window":
        w.rouse = True
        return
    if kind in CALLBACK_ALARMS:
        CALLBACK_ALARMS[kind](w, w.state.callbacks[ident])
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
    elif (party := call.party_of(leg=leg_id)) is not None:
        handling.party_gone(w, call, party, 19, "")
    elif leg_id == call.customer:
        service.end(w, call, "system", 19, "no_answer")
    elif leg is not None and leg.role == "lead":
        supervise.close(w, w.watches[leg.agent], "no_answer")


CALL_ALARMS: dict[str, Callable[[World, Call], None]] = {
    "announce": queueing.announce,
    "wait": queueing.too_long,
    "input": ivr.input_timeout,
    "lookup": lambda w, call: ivr.looked_up(w, call, None),
    "ask": lambda w, call: queueing.ask_key(w, call, ""),
    "store": lambda w, call: queueing.stored(w, call, True),
    "message": lambda w, call: queueing.message_recorded(w, call, None),
    "screen": lambda w, call: surge.screened(w, call, None),
    "judge": attempts.serve,
}
SEAT_ALARMS: dict[str, Callable[[World, Agent], None]] = {
    "wrap": agents.settle,  # any change of state would have quieted it
    "rest": agents.settle,
    "away": legs.away_too_long,
    "again": legs.ring_back,
}
CALLBACK_ALARMS: dict[str, Callable[[World, Callback], None]] = {
    "callback": attempts.time_is_up,
    "expire": attempts.expire,
    "own": owing.own_time_over,
}
HANDLERS: dict[type, Callable[[World, Any], None]] = {
    events.CallOffered: switch.on_offered,
    events.SeatDialled: requests.seat_dialled,
    events.LegRinging: switch.on_ringing,
    events.LegAnswered: switch.on_answered,
    events.LegEnded: switch.on_ended,
    events.LegHeld: switch.on_held,
    events.KeyPressed: switch.on_key,
    events.PlayEnded: switch.on_play_ended,
    events.MessageRecorded: switch.on_message,
    events.PhoneChanged: switch.on_phone,
    events.NodeDown: link.on_node_down,
    events.NodeUp: link.on_node_up,
    events.CommandFailed: switch.on_failed,
    events.LookedUp: switch.on_looked_up,
    events.Stored: switch.on_stored,
    events.RecordingChecked: switch.on_recording,
    events.ConfigChanged: _on_config,
    events.AnswerJudged: attempts.on_judged,
    events.CallerMissed: office.on_missed,
}
