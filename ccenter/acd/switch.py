"""What the switch reports and what comes back of commands: legs, keys, playbacks, messages, look-ups.

Anything may come late, twice, or for a leg that is long gone: then nothing happens.
"""

from ccenter.acd import attempts, commands, events, facts, handling, ivr, legs, owing, queueing, seat, service, supervise, surge
from ccenter.acd.call import Call, CallState, Leg
from ccenter.acd.config import Number, ToEnd
from ccenter.acd.world import World


def on_offered(w: World, event: events.CallOffered) -> None:
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
    leg = w.state.legs[event.leg] = Leg(event.leg, call.id, "customer", w.now, channel=event.channel, state="offered")
    leg.dnis = event.dnis
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
    w.takes(leg, event.trunk, "in", event.ani)
    if number.target == ToEnd():
        service.end(w, call, "system", 1, "unknown_number")  # refused unanswered
        return
    attempts.rings_in(w, call)
    owing.on_line(w, call)
    if not surge.meets(w, call):
        w.go(w, call, number.target)


def on_ringing(w: World, event: events.LegRinging) -> None:
    leg = w.state.legs.get(event.leg)
    if leg is None or leg.state != "dialling":
        return
    leg.state = "ringing"
    call = w.state.calls.get(leg.call)
    if call is not None and leg.id in call.offers:
        w.out.append(facts.AgentRinging(w.seq(), w.now, call.id, leg.agent))


def on_answered(w: World, event: events.LegAnswered) -> None:
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
    elif leg.agent and w.state.agents[leg.agent].away:
        legs.returned(w, call, w.state.agents[leg.agent])
    elif (party := call.party_of(leg=leg.id)) is not None:
        handling.party_answered(w, call, party)
    elif leg.id == call.customer:
        attempts.answered(w, call)
    elif leg.role == "lead":
        supervise.answered(w, leg)


def on_ended(w: World, event: events.LegEnded) -> None:
    leg = w.state.legs.pop(event.leg, None)
    if leg is not None:
        w.occupy(leg, -1)
        if w.state.surges:
            surge.ebb(w, leg)
        w.quiet("ring", leg.id)
        w.quiet("dial", leg.id)
        if leg.trunk:
            w.out.append(facts.TrunkFreed(w.seq(), w.now, leg.id, leg.trunk))
        if w.watches and leg.role in ("lead", "snoop"):
            supervise.leg_ended(w, leg, event.cause, event.note)
        else:
            legs.leg_ended(w, leg, event.cause, event.note)


def on_held(w: World, event: events.LegHeld) -> None:
    """The hold key of an agent's own phone does what the request does."""
    leg = w.state.legs.get(event.leg)
    call = w.state.calls.get(leg.call) if leg is not None else None
    if call is not None and event.leg == call.agent_leg and not call.parties():
        if event.held:
            handling.hold(w, call)
        else:
            handling.resume(w, call)


def on_key(w: World, event: events.KeyPressed) -> None:
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


def on_play_ended(w: World, event: events.PlayEnded) -> None:
    leg = w.state.legs.get(event.leg)
    call = w.state.calls.get(leg.call) if leg is not None else None
    if call is not None and call.play and call.play == event.play:
        after_play(w, call)


def after_play(w: World, call: Call) -> None:
    saying, call.play, call.saying = call.saying, "", ""
    match saying:
        case "flow":
            ivr.play_ended(w, call)
        case "announce":
            w.music(call.customer, w.queue_of(call).music)
        case "ask":
            w.alarm("ask", call.id, w.now + queueing.ASK_SECONDS)
        case "agent" if call.state is CallState.CONNECTED:
            w.join(call, call.customer)
        case "message":
            queueing.record_message(w, call)
        case "parting":
            service.end(w, call, "system")


def on_message(w: World, event: events.MessageRecorded) -> None:
    call = next((call for call in w.state.calls.values() if call.message and call.message == event.message), None)
    if call is not None:
        queueing.message_recorded(w, call, event)


def on_phone(w: World, event: events.PhoneChanged) -> None:
    agent = w.state.agents.get(w.endpoints.get(event.endpoint, ""))
    if agent is not None:
        seat.phone_changed(w, agent, event.online)


def on_failed(w: World, event: events.CommandFailed) -> None:
    leg = w.state.legs.get(event.leg)
    call = w.state.calls.get(leg.call) if leg is not None else None
    w.out.append(facts.SwitchRefused(w.seq(), w.now, event.command, event.leg, call.id if call else "", event.reason))
    if call is not None and event.command == "Play" and call.play:
        w.out.append(commands.StopPlay(event.leg, call.play))  # it may have been an earlier one that failed
        after_play(w, call)  # a prompt that cannot be played must not stop the call
    elif call is not None and event.command == "StartRecording" and call.recording:
        w.out.append(facts.RecordingFailed(w.seq(), w.now, call.id, call.recording, event.reason))
        call.recording, call.paused = "", False
        w.touch(call)
    elif call is not None and event.command == "RecordMessage" and call.message:
        queueing.message_recorded(w, call, None)


def on_recording(w: World, event: events.RecordingChecked) -> None:
    if event.bytes > 0:
        w.out.append(facts.RecordingDone(w.seq(), w.now, event.call, event.recording, event.path, event.bytes))
    else:
        reason = event.reason or "missing"
        w.out.append(facts.RecordingFailed(w.seq(), w.now, event.call, event.recording, reason))


def on_looked_up(w: World, event: events.LookedUp) -> None:
    call = w.state.calls.get(event.call)
    if call is not None and call.screen:
        if event.lookup == call.screen:
            surge.screened(w, call, None if event.failed else event.values)
    elif call is not None:
        ivr.looked_up(w, call, event)


def on_stored(w: World, event: events.Stored) -> None:
    call = w.state.calls.get(event.token)
    if call is not None:
        queueing.stored(w, call, event.failed)
