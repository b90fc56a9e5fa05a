"""The product's promises as checks on a core between two events, and on what it told. Each names the call or agent it finds."""

from collections import Counter
from collections.abc import Collection
from itertools import pairwise
from typing import Any

from ccenter.acd import facts, owing, requests, routing, service, standing
from ccenter.acd.agent import AgentState
from ccenter.acd.call import Call, CallState
from ccenter.acd.callback import LIVE, CallbackState
from ccenter.acd.config import Queue
from ccenter.acd.machine import Acd
from ccenter.acd.world import CallbackLine, Output, World
from tests.acd.switch import Switch

BUSY = (AgentState.RESERVED, AgentState.TALKING)
CALL_TIMERS = {"announce", "wait", "input", "lookup", "ask", "store", "message", "screen", "judge"}
AFTERWARDS = (  # may name a call that ended
    *(facts.RecordingDone, facts.RecordingFailed, facts.SwitchRefused, facts.MonitorEnded),
    *(facts.CallbackOpened, facts.CallbackAsked, facts.CallbackResulted, facts.CallbackClosed),
)


def check(acd: Acd) -> None:
    """Everything that must hold between two events."""
    each_agent_has_one_call_and_each_call_one_agent(acd)
    nobody_waits_for_an_agent_who_is_ready(acd)
    the_state_of_a_call_is_what_it_has(acd)
    everybody_hears_something(acd)
    a_conference_hears_all(acd)
    every_callback_goes_on(acd)
    who_waits_for_a_lost_phone_hears_music(acd)
    a_lead_hears_what_they_asked_for(acd)
    each_seat_was_told_what_it_may_do(acd)
    every_timer_belongs_to_something(acd)
    the_indexes_agree_with_the_state(acd)


def people_on(acd: Acd, call: Call) -> dict[str, list[AgentState]]:
    """Who is busy with the call -> the states that fits."""
    people: dict[str, list[AgentState]] = {}

    def add(code: str, state: AgentState) -> None:
        people.setdefault(code, []).append(state)

    for code in call.offers.values():
        add(code, AgentState.RESERVED)
    if call.held_for:
        add(call.held_for, AgentState.RESERVED)
    if call.agent:
        add(call.agent, AgentState.TALKING)
    for party in call.parties():
        if party.agent:
            add(party.agent, AgentState.TALKING if party.up else AgentState.RESERVED)
    if call.direction == "internal" and (call.customer or call.state in (CallState.CONNECTED, CallState.HELD)):
        add(call.dial_to, AgentState.RESERVED if call.state is CallState.RESERVED else AgentState.TALKING)
    for watch in acd.world.state.watches.values():
        if watch.call == call.id:
            add(watch.supervisor, AgentState.TALKING if watch.up else AgentState.RESERVED)
    return people


def each_agent_has_one_call_and_each_call_one_agent(acd: Acd) -> None:
    held: Counter[str] = Counter()
    for call in acd.world.state.calls.values():
        for code, states in people_on(acd, call).items():
            agent = acd.world.state.agents[code]
            assert len(states) == 1, f"{code} is on {call.id} twice"
            assert agent.state is states[0], f"{code} is {agent.state} but {states[0]} on {call.id}"
            assert agent.call == call.id, f"{code} believes in {agent.call}, is on {call.id}"
            held[code] += 1
    for code, agent in acd.world.state.agents.items():
        assert held[code] == (agent.state in BUSY), f"{code} is {agent.state} with {held[code]} calls"
        assert bool(agent.endpoint) == (agent.state is not AgentState.LOGGED_OUT), code
        if agent.state in (AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT):
            assert agent.call == "", f"{code} is {agent.state} with {agent.call}"
        if agent.state is AgentState.READY:
            assert agent.online, f"{code} is ready without a phone"


def nobody_waits_for_an_agent_who_is_ready(acd: Acd) -> None:
    w = acd.world
    for call in w.state.calls.values():
        if call.state is CallState.QUEUED and call.node not in w.state.down:
            line = w.lines[call.line]
            free = [code for code in w.ready if code in line.eligible]
            assert not free, f"{call.id} waits though {free} could serve"


def in_line(acd: Acd) -> dict[str, tuple[str, int, float, int]]:
    """Who waits: call -> line, priority, when they first asked."""
    calls = acd.world.state.calls.values()
    return {call.id: (call.line, call.priority, call.entered, call.ticket) for call in calls if call.line}


def first_asked_was_first_served(acd: Acd, before: dict[str, tuple[str, int, float, int]], out: list[Output]) -> None:
    """Whoever stood before and stands still has not been passed over by one of the same line and priority."""
    after = in_line(acd)
    for fact in out:
        if isinstance(fact, facts.CallRouted) and fact.strategy not in ("claimed", "last_agent") and fact.call in before:
            served = before[fact.call]
            for call, place in before.items():
                passed = place[:2] == served[:2] and place[2:] < served[2:] and after.get(call) == place
                assert not passed, f"{fact.call} was served before {call}"


def the_state_of_a_call_is_what_it_has(acd: Acd) -> None:
    for call in acd.world.state.calls.values():
        state, up = call.state, call.customer in acd.legs and acd.legs[call.customer].state == "up"
        assert state is not CallState.ENDED
        assert (state is CallState.QUEUED) == bool(call.line), f"{call.id} is {state} in line {call.line!r}"
        assert not (call.offers and state is not CallState.RESERVED), f"{call.id} is {state}, rings at {call.offers}"
        if state is CallState.RESERVED:
            rings = bool(call.offers) or call.party is not None or (bool(call.customer) and not up)
            assert rings, f"{call.id} is reserved for nobody"
        if state in (CallState.CONNECTED, CallState.HELD):
            assert up or (call.direction == "internal" and lost_on(acd, call)), f"{call.id} is {state} without a customer"
            others = [acd.legs[leg] for leg in (call.agent_leg, *(party.leg for party in call.parties())) if leg]
            assert lost_on(acd, call) or any(leg.state == "up" for leg in others), f"{call.id} is {state} with nobody"
        assert bool(call.held_at) == (state is CallState.HELD), f"{call.id} {state} held at {call.held_at}"
        for leg in (call.customer, call.agent_leg, *call.offers, *(party.leg for party in call.parties())):
            if leg and not (leg == call.customer and call.gone):
                assert leg in acd.legs, f"{call.id} has {leg}, which is gone"
                assert acd.legs[leg].call == call.id, f"{leg} of {call.id} thinks it is of {acd.legs[leg].call!r}"


def everybody_hears_something(acd: Acd) -> None:
    """A customer on the line has music, a prompt or somebody to talk to, or something is due at a set time."""
    w = acd.world
    for call in w.state.calls.values():
        leg = acd.legs.get(call.customer)
        if leg is None or leg.state != "up":
            continue
        others = [
            o
            for o in (call.agent_leg, *(party.leg for party in call.parties()))
            if o in acd.legs and call.bridge and acd.legs[o].bridge == call.bridge and acd.legs[o].state == "up"
        ]
        heard = [leg.music, call.play and call.saying, leg.bridge == "hold", call.message]
        heard.append(leg.bridge == call.bridge and others)
        due = [f"{kind}:{call.id}" in w.state.timers for kind in ("input", "lookup", "ask", "store", "judge")]
        assert any(heard) or any(due), f"{call.id} ({call.state}) hears nothing and nothing is due"
        if call.state is CallState.CONNECTED:
            told = call.saying == "agent" and acd.legs[call.agent_leg].bridge == call.bridge  # joins when the prompt is over
            assert told or (leg.bridge == call.bridge != "" and others), f"{call.id} is connected to nobody"
            in_talk = w.state.agents[call.agent].away or acd.legs[call.agent_leg].bridge == call.bridge if call.agent else True
            assert in_talk, f"{call.agent} does not hear {call.id}"
        if call.message:
            assert f"message:{call.id}" in w.state.timers, f"{call.id} leaves a message for ever"


def a_conference_hears_all(acd: Acd) -> None:
    """Who was invited and answered is with the customer; nobody is invited to anything else."""
    for call in acd.world.state.calls.values():
        for guest in call.guests:
            if guest.agent in lost_on(acd, call):
                continue
            assert call.state is CallState.CONNECTED and guest.joined, f"{guest.target} is a guest of {call.id} ({call.state})"
            assert (acd.legs[guest.leg].bridge == call.bridge) == guest.up, f"{guest.target} is not heard on {call.id}"
            assert guest.up or call.agent, f"{guest.target} is rung for {call.id}, which is nobody's"
        assert call.party is not None or not any(guest.up for guest in call.guests), f"{call.id} has guests and no third person"


def who_waits_for_a_lost_phone_hears_music(acd: Acd) -> None:
    w = acd.world
    for code, agent in w.state.agents.items():
        assert bool(agent.away) == (f"away:{code}" in w.state.timers), f"{code} is waited for for ever, or not"
        if agent.away:
            call = w.state.calls[agent.call]
            leg = call.leg_of(code)
            assert leg is not None and call.state in (CallState.CONNECTED, CallState.HELD), (
                f"{code} is lost to {call.id} ({call.state})"
            )
            assert not leg or acd.legs[leg].state != "up", f"{code} is there, and away"
    for call in w.state.calls.values():
        if not lost_on(acd, call):
            continue
        consulted = call.party if call.party is not None and not call.party.joined else None
        people = [call.agent_leg, *(party.leg for party in call.parties()), *([] if consulted else [call.customer])]
        there = [acd.legs[leg] for leg in people if leg in acd.legs and acd.legs[leg].state == "up" and not acd.legs[leg].ending]
        customer = acd.legs.get(call.customer)
        if call.state is CallState.HELD and customer is not None and customer.state == "up":
            assert customer.bridge == "hold", f"the customer of {call.id} waits in silence"
        if consulted is not None or call.state is CallState.CONNECTED:
            bridge = call.bridge if len(there) > 1 or not (consulted is None or consulted.up) else "hold"
            assert all(leg.bridge == bridge for leg in there), f"on {call.id} somebody waits in silence"
        else:
            assert len(there) < 2 or call.stays_held, f"{call.id} is on hold for no reason"


def lost_on(acd: Acd, call: Call) -> list[str]:
    """Whose phones are lost of those who are on the call."""
    return [agent.code for agent in acd.world.state.agents.values() if agent.away and agent.call == call.id]


def a_lead_hears_what_they_asked_for(acd: Acd) -> None:
    """A lead who monitors is on one call, which its agent is on, and in a bridge with nobody who is not to hear them."""
    state = acd.world.state
    for code, watch in state.watches.items():
        call, leg = state.calls[watch.call], acd.legs[watch.leg]
        assert call.leg_of(watch.agent) is not None, f"{code} hears {watch.agent}, who has left"
        assert (leg.agent, leg.role, leg.call, code) == (code, "lead", call.id, watch.supervisor)
        assert (leg.state == "up") == watch.up != (f"dial:{leg.id}" in state.timers), f"{leg.id} rings for ever"
        others = {other.id for other in acd.legs.values() if other.bridge == leg.bridge != "" and not other.ending} - {leg.id}
        if watch.up and watch.mode == "barge":
            assert leg.bridge == call.bridge and not watch.snoop and not watch.bridge, f"{code} does not barge in"
        elif watch.up:
            assert others <= {watch.snoop}, f"{code} listens, and is heard by {others}"
            of = call.leg_of(watch.agent)
            hears = watch.snoop in others and watch.of == of and watch.snoop_mode == watch.mode
            assert hears or f"snoop:{code}" in state.timers or state.agents[watch.agent].away, f"{code} hears nothing"
    snoops = {watch.snoop for watch in state.watches.values() if watch.snoop}
    assert snoops == {leg.id for leg in acd.legs.values() if leg.role == "snoop" and not leg.ending}
    assert len(snoops) == sum(bool(watch.snoop) for watch in state.watches.values())


def each_seat_was_told_what_it_may_do(acd: Acd) -> None:
    for code, agent in acd.world.state.agents.items():
        assert agent.allows == requests.allowed(acd.world, agent), f"{code} was not told"


def every_timer_belongs_to_something(acd: Acd) -> None:
    state = acd.world.state
    for key in state.timers:
        kind, _, ident = key.partition(":")
        if kind in ("ring", "dial"):
            assert ident in state.legs and state.legs[ident].call in state.calls, key
        elif kind in ("wrap", "rest"):
            wanted = AgentState.WRAP_UP if kind == "wrap" else AgentState.NOT_READY
            assert state.agents[ident].state is wanted, key
        elif kind == "snoop":
            assert ident in state.watches, key
        elif kind == "window":
            assert any(line.waiting for line in acd.world.callback_lines.values()), key
        elif kind in ("callback", "expire", "own"):
            assert ident in state.callbacks, key
        elif kind in ("away", "again"):
            assert state.agents[ident].away, key
        else:
            assert kind in CALL_TIMERS and ident in state.calls, key
    for code, agent in state.agents.items():
        assert (agent.state is AgentState.WRAP_UP) == (f"wrap:{code}" in state.timers), f"{code} wraps up for ever"
    for call in state.calls.values():
        for leg in call.offers:
            assert f"ring:{leg}" in state.timers, f"{leg} rings for ever"
        for party in call.parties():
            assert party.up != (f"dial:{party.leg}" in state.timers), f"{party.leg} rings for ever"


def the_indexes_agree_with_the_state(acd: Acd) -> None:
    w = acd.world
    assert set(w.ready) == {code for code, agent in w.state.agents.items() if agent.state is AgentState.READY}
    assert w.endpoints == {agent.endpoint: code for code, agent in w.state.agents.items() if agent.endpoint}
    standing = {entry[2]: line for line in w.lines.values() for entry in line.waiting}
    assert {call.id: call.line for call in w.state.calls.values() if call.line} == {c: ln.key for c, ln in standing.items()}
    for line in w.lines.values():
        assert line.waiting == sorted(line.waiting), line.key
        for _, _, ident in line.waiting:
            call = w.state.calls[ident]
            assert routing.order(w, call, w.queue_of(call)) in line.waiting, ident
        for ident in line.ringing:
            assert w.state.calls[ident].offers, f"{ident} does not ring"
    for leg in w.state.legs.values():
        assert leg.call in w.state.calls or (leg.call == "" and leg.ending), f"{leg.id} belongs to nobody"
    assert not w.new_calls and not w.new_ready and not w.touched and not w.out and not w.rouse
    the_indexes_of_callbacks_agree(acd)


def the_indexes_of_callbacks_agree(acd: Acd) -> None:
    w = acd.world
    twin = Acd.restore(acd.snapshot()).world
    for name in ("owed", "persons", "busy", "presented", "machines"):
        assert getattr(w, name) == getattr(twin, name), name
    assert {key: n for key, n in w.used.items() if n} == {key: n for key, n in twin.used.items() if n}, "channels in use"
    for one, two in ((w, twin), (twin, w)):
        for key, line in one.callback_lines.items():
            assert not line.waiting or line.waiting == two.callback_lines[key].waiting == sorted(line.waiting), key


def every_callback_goes_on(acd: Acd) -> None:
    """Nobody is dropped: each open callback stands in line, is due at a time, is before an agent, or is on the line."""
    w, timers = acd.world, acd.world.state.timers
    numbers: set[str] = set()
    for entry in w.state.callbacks.values():
        live = w.state.calls.get(entry.call)
        assert f"expire:{entry.id}" in timers, f"{entry.id} is kept for ever"
        assert (live is not None) == (entry.state in LIVE) == bool(entry.call), f"{entry.id} is {entry.state} with {entry.call!r}"
        match entry.state:
            case CallbackState.LATER | CallbackState.RESULT:
                assert f"callback:{entry.id}" in timers, f"{entry.id} is {entry.state} for ever"
            case CallbackState.WAITING:
                assert bool(entry.line) != standing.blocked(w, entry), f"{entry.id} waits in no line"
                assert not entry.agent or f"own:{entry.id}" in timers, f"{entry.id} waits for {entry.agent} for ever"
            case CallbackState.PRESENTED:
                agent = w.state.agents[entry.offered_to]
                assert agent.state is AgentState.READY and f"callback:{entry.id}" in timers, f"{agent.code} is shown {entry.id}"
            case _:
                assert live is not None and live.callback == entry.id, f"{entry.id} is {entry.state} without a call"
        if entry.kind == "callback":
            assert entry.number not in numbers, f"{entry.number} has two callbacks"
            numbers.add(entry.number)
        assert not owing.forbidden(w, entry) or bool(entry.by or live), f"{entry.id} is forbidden"
    attempts = [call for call in w.state.calls.values() if call.direction == "out" and call.callback]
    for call in attempts:
        assert w.state.callbacks[call.callback].call == call.id, f"{call.id} calls {call.callback}, which is not its business"
    people = [key for call in attempts for key in owing.people(w, call)]
    assert len(people) == len(set(people)), f"somebody is dialled twice at once: {people}"


def callbacks_in_line(acd: Acd) -> dict[str, tuple[str, float, int]]:
    w = acd.world
    lines = [line for line in w.callback_lines.values() if standing.is_open(w, line)]
    return {ident: (line.key, place, ticket) for line in lines for place, ticket, ident in line.waiting}


def earlier_asked_was_called_first(acd: Acd, before: dict[str, tuple[str, float, int]], out: list[Output]) -> None:
    """Of a line, whoever stood before and stands still has not been passed over; an agent may choose, and say so by asking."""
    after = callbacks_in_line(acd)
    chosen = any(isinstance(f, facts.RequestDone) and f.action in ("DialCallback", "DialNumber") for f in out)
    for fact in out:
        if isinstance(fact, facts.CallStarted) and fact.callback in before and not chosen and not fact.leg:
            line, *place = before[fact.callback]
            for other, (other_line, *other_place) in before.items():
                passed = other_line == line and other_place < place and after.get(other) == before[other]
                assert not passed, f"{fact.callback} was called before {other}"


def callers_and_callbacks_were_weighed(acd: Acd, callers: Collection[str], owed: Collection[str], out: list[Output]) -> None:
    """Who was served by an agent came, by the rule of the callback's queue, before each other who could have been by the same.

    `callers` and `owed` stood in line before; those count who stand still. A callback could only be called if a trunk is free
    that is not kept for callers.
    """
    w = acd.world
    waiting = [call for call in w.state.calls.values() if call.id in callers and call.line and call.node not in w.state.down]
    for fact in out:
        if not isinstance(fact, facts.CallRouted):
            continue
        call = w.state.calls.get(fact.call)
        entry = w.state.callbacks.get(call.callback) if call is not None else None
        if fact.strategy == "callback" and entry is not None and call is not None and entry.call == call.id:
            line = standing.line_for(w, entry)
            order = standing.order(w, entry)
            for other in waiting:
                if fact.agent in w.lines[other.line].eligible:
                    first = _comes_first(w, line, order, other)
                    assert first, f"{fact.agent} called back {entry.id} while {other.id} waited"
        elif fact.call in callers and call is not None and fact.strategy not in ("claimed", "last_agent"):
            for line in w.agent_callbacks.get(fact.agent, ()):
                if line.automatic and standing.is_open(w, line):
                    for *place, ident in line.waiting:
                        number = w.state.callbacks[ident].number
                        if ident in owed and service.outbound(w, number, keep=True) is not None:
                            passed = _comes_first(w, line, (*place, ident), call)
                            assert not passed, f"{fact.agent} served {call.id} while {ident} was owed a call"


def _comes_first(w: World, line: CallbackLine, place: tuple[Any, ...], caller: Call) -> bool:
    """Is a callback at this place of its line before a caller? The published rule, written down a second time."""
    rule = w.config.queues[line.queue].callbacks.against_callers if line.queue in w.config.queues else "by_age"
    if rule == "by_age":
        queue = w.config.queues.get(caller.queue) or Queue(caller.queue)
        asked = caller.entered - (caller.priority + queue.priority) * w.settings.ageing
        return tuple(place) < (asked, caller.ticket, caller.id)
    return rule == "callbacks_first"


def truth_agrees(acd: Acd, switch: Switch) -> None:
    """With all events delivered, what the core believes is so, and nobody is left in silence by a command forgotten."""
    assert set(acd.legs) == set(switch.channels), "legs"
    wanted = {call.bridge for call in acd.world.state.calls.values() if call.bridge}
    wanted |= {watch.bridge for watch in acd.world.state.watches.values() if watch.bridge}
    assert wanted == set(switch.bridges), "bridges"
    for leg_id, leg in acd.legs.items():
        channel = switch.channels[leg_id]
        assert (leg.state == "up") == (channel.state == "up"), f"{leg_id}: {leg.state}, in truth {channel.state}"
        bridge = switch.node + "-hold" if leg.bridge == "hold" else leg.bridge
        assert bridge == channel.bridge, f"{leg_id} in {leg.bridge!r}, in truth {channel.bridge!r}"
    for call in acd.world.state.calls.values():
        leg = acd.legs.get(call.customer)
        if leg is None or leg.state != "up":
            continue
        heard = switch.hears(leg.id)
        due = [f"{kind}:{call.id}" in acd.world.state.timers for kind in ("input", "lookup", "ask", "store", "message", "judge")]
        assert heard or any(due), f"{call.id} ({call.state}) is in silence"
        assert not {"music", "people"} <= heard, f"{call.id} talks over music"
        assert not {"music", "beep"} <= heard, f"{call.id} leaves a message over music"
        assert not ({"prompt", "music"} <= heard), f"{call.id} hears a prompt over music"


def nothing_is_left(acd: Acd) -> None:
    state = acd.world.state
    timers = [key for key in state.timers if key.partition(":")[2] not in state.callbacks and key != "window:"]
    assert not state.calls and not state.legs and not timers, (state.calls, state.legs, timers)
    assert not state.watches, state.watches
    for code, agent in state.agents.items():
        assert agent.state not in BUSY and agent.state is not AgentState.WRAP_UP, f"{code} is {agent.state}"
    for line in acd.world.lines.values():
        assert not line.waiting and not line.ringing, line.key


def who_reached_nobody_is_owed_a_call(acd: Acd, out: list[Output]) -> None:
    """Each caller with a number who got neither an agent nor what they wanted was noted, and each note is open or closed."""
    started = {f.call: f for f in out if isinstance(f, facts.CallStarted) and f.direction == "in" and f.ani}
    noted = {f.call for f in out if isinstance(f, facts.CallbackOpened | facts.CallbackAsked)}
    for fact in out:
        lost = isinstance(fact, facts.CallEnded) and fact.outcome in ("ABANDONED", "VOICEMAIL", "CALLBACK", "FAILED")
        assert not lost or fact.call not in started or fact.call in noted, f"{fact.call} was lost"
    opened = [f.callback for f in out if isinstance(f, facts.CallbackOpened)]
    closed = [f.callback for f in out if isinstance(f, facts.CallbackClosed)]
    assert len(opened) == len(set(opened)) and len(closed) == len(set(closed))
    assert set(opened) - set(closed) == set(acd.world.state.callbacks) & set(opened)


def the_record_is_whole(out: list[Output], *, all_over: bool = True) -> None:
    """Facts are numbered without a gap; each call starts once, ends once and in between; a trunk's channel is taken and freed."""
    told = [item for item in out if isinstance(item, facts.Fact)]
    for one, two in pairwise(told):
        assert two.seq == one.seq + 1 and two.at >= one.at, (one, two)
    started: set[str] = set()
    ended: set[str] = set()
    taken: dict[str, str] = {}  # leg -> trunk
    for fact in told:
        call = getattr(fact, "call", "")
        if isinstance(fact, facts.TrunkTaken):
            assert fact.leg not in taken, fact
            taken[fact.leg] = fact.trunk
        elif isinstance(fact, facts.TrunkFreed):
            assert taken.pop(fact.leg) == fact.trunk, fact
        if isinstance(fact, facts.CallStarted):
            assert call not in started, fact
            started.add(call)
        elif isinstance(fact, facts.CallEnded):
            assert call in started and call not in ended, fact
            ended.add(call)
        elif call and not isinstance(fact, (*AFTERWARDS, facts.AgentChanged, facts.RequestDone)):
            assert call in started and call not in ended, f"told of a call that is not: {fact}"
    if all_over:
        assert started == ended, started - ended
        assert not taken, f"channels that nobody gave back: {taken}"
