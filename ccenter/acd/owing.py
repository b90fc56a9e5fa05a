"""Whom we owe a call: one callback for each caller, lined up by when they first asked (standing.py)."""

from msgspec.structs import replace

from ccenter.acd import facts, standing
from ccenter.acd.call import Call, CallState
from ccenter.acd.callback import LIVE, Callback, CallbackState, CallbackTrigger, moved
from ccenter.acd.config import Number, ToEnd
from ccenter.acd.world import World

REMEMBERED = 100_000  # tasks that are over, so that none is released anew
CAUSES = {17: "busy", 18: "no_answer", 19: "no_answer", 20: "no_answer", 21: "busy"}
CAUSES |= dict.fromkeys((1, 2, 3, 22, 28), "wrong_number")
FINAL = ("done", "wrong_number", "refused", "do_not_call")
NO_LINE_SECONDS = 5.0  # when the line that was free is not any more
NO_CONTACT_SECONDS = 60.0  # when the trunk itself is not there
RESULTS = (*FINAL, "no_answer", "busy", "machine", "failed", "later")


def index(w: World) -> None:
    """Build what is derived from the state, of callbacks and of who is on the line."""
    state = w.state
    w.callback_lines, w.agent_callbacks, w.gates = {}, {}, {}
    w.owed, w.persons, w.busy, w.presented, w.machines, w.used = {}, {}, {}, {}, {}, {}
    for call in state.calls.values():
        leg = state.legs.get(call.customer)
        if leg is not None and call.direction == "in":
            leg.trunk, leg.dnis = call.trunk, call.dnis  # an older version's snapshot does not say
    for leg in state.legs.values():
        leg.trunk = leg.trunk or leg.endpoint.partition("@trunk-")[2]
        w.occupy(leg)
    for entry in state.callbacks.values():
        standing.enter(w, entry)
    for call in state.calls.values():
        on_line(w, call)
    for entry in state.callbacks.values():
        entry.line = ""
        if entry.state is CallbackState.PRESENTED:
            w.presented[entry.offered_to] = entry.id
        standing.stand(w, entry)
    w.rouse = True


# -- who is on the line ----------------------------------------------------------------------------------------


def people(w: World, call: Call) -> tuple[str, ...]:
    if call.direction == "in":
        return (call.ani,) if call.ani else ()
    entry = w.state.callbacks.get(call.callback)
    if entry is not None and entry.call == call.id and entry.state is not CallbackState.ON_LINE:
        return standing.persons(entry)
    return (call.dial_to,) if call.direction == "out" else ()


def on_line(w: World, call: Call) -> None:
    """From here on nobody else dials whom this call is with."""
    for key in people(w, call):
        w.busy.setdefault(key, {})[call.id] = None
        for ident in w.persons.get(key, ()):
            entry = w.state.callbacks[ident]
            if entry.state is CallbackState.PRESENTED:
                back(w, entry, "on_line")
            standing.step_out(w, entry)
    if call.direction == "out" and not call.ani:
        w.machines[call.id] = None


def off_line(w: World, call: Call) -> None:
    w.machines.pop(call.id, None)
    for key in people(w, call):
        calls = w.busy.get(key, {})
        calls.pop(call.id, None)
        if not calls:
            w.busy.pop(key, None)
            for ident in w.persons.get(key, ()):
                standing.stand(w, w.state.callbacks[ident])


# -- open, wait, close -----------------------------------------------------------------------------------------


def fresh(w: World, number: str, source: str, kind: str, asked_at: float, ident: str = "") -> Callback:
    """A callback to be filled in and opened."""
    w.state.counter += 1
    entry = Callback(ident or f"k{w.state.counter}", number, source, kind, asked_at, w.state.counter)
    entry.zone = standing.zone_of(w, number)
    return entry


def opened(w: World, entry: Callback, call: str = "", chosen: str = "") -> None:
    """It is owed from here on. What is forbidden is closed at once, with the reason."""
    w.state.callbacks[entry.id] = entry
    standing.enter(w, entry)
    e = entry
    fact = facts.CallbackOpened(w.seq(), w.now, e.id, e.number, e.source, e.kind, e.asked_at, e.due, e.queue)
    names = ("priority", "dnis", "label", "language", "zone", "customer", "agent", "flow")
    w.out.append(replace(fact, call=call, chosen=chosen, **{name: getattr(e, name) for name in names}))
    keep(w, e, max(w.now, e.due))
    if reason := forbidden(w, e):
        close(w, e, reason)
    elif e.due > w.now:
        e.state = CallbackState.LATER
        w.alarm("callback", e.id, e.due)
    elif e.state is CallbackState.WAITING:
        owned(w, e)
        standing.stand(w, e)


def keep(w: World, entry: Callback, since: float) -> None:
    """It is too old when so much time has passed since it was asked for last, or since the time they wished for."""
    known = w.state.timers.get(f"expire:{entry.id}", 0.0)
    w.alarm("expire", entry.id, max(known, since + standing.rules_of(w, entry).expire_seconds))


def owned(w: World, entry: Callback) -> None:
    """An agent's own follow-up is left to them for a time, which an attempt ends and a look at it does not."""
    if entry.agent and f"own:{entry.id}" not in w.state.timers:
        w.alarm("own", entry.id, w.now + standing.rules_of(w, entry).own_agent_seconds)


def number_of(call: Call) -> str:
    """The customer's."""
    return call.dial_to if call.direction == "out" else call.ani


def still_owed(w: World, number: str) -> Callback | None:
    """What a caller is owed who asks now: a talk that only waits for its result was had, and they ask anew."""
    known = w.state.callbacks.get(w.owed.get(number, ""))
    if known is not None and known.state is CallbackState.RESULT:
        resulted(w, known, known.by, "done")
        return None
    return known


def owe(w: World, call: Call, source: str, number: str = "") -> Callback:
    """The caller is owed a call. Who is owed one already keeps the place, and is called for what they asked last."""
    number = number or number_of(call)
    linked = w.state.callbacks.get(call.callback)
    known = still_owed(w, number)
    if linked is not None and linked.number != number and linked.state is CallbackState.ON_LINE:  # they left another number
        if known is None:
            standing.remove(w, linked)
            linked.number, linked.zone = number, standing.zone_of(w, number)
            standing.enter(w, linked)
            known = linked
        else:
            known.asked_at = min(known.asked_at, linked.asked_at)
            close(w, linked, "moved", detail=known.id)
            call.callback = ""
    queue = call.queue or (w.config.numbers.get(call.dnis) or Number(call.dnis, ToEnd())).queue
    if known is None:
        entry = fresh(w, number, source, "callback", min(call.entered or call.started, call.started))
        entry.ticket = call.ticket or entry.ticket
        entry.queue, entry.skills, entry.priority = queue, dict(call.skills), call.priority
        entry.dnis, entry.label, entry.language = call.dnis, call.label, call.language
        entry.customer = call.variables.get("customer", "")
        entry.wanted, entry.last = source in ("asked", "surge", "voicemail"), call.id
        chosen = call.menu or ((call.cursor.flow, call.cursor.node) if call.cursor is not None else ("", ""))
        if linked is None and call.id in w.state.calls:  # who is called for something else waits till that is over
            entry.state, entry.call = CallbackState.ON_LINE, call.id
            call.callback = entry.id
        opened(w, entry, call.id, ":".join(filter(None, chosen)))
        return entry
    standing.step_out(w, known)
    keep(w, known, w.now)
    known.times += known.last != call.id
    known.last = call.id
    known.wanted |= source in ("asked", "surge", "voicemail")
    source = "asked" if known.source == "asked" else source  # that it comes by itself is theirs to keep
    known.queue, known.source = queue or known.queue, source
    known.skills, known.priority = {**known.skills, **call.skills}, max(known.priority, call.priority)
    w.out.append(facts.CallbackAsked(w.seq(), w.now, known.id, source, known.queue, known.times, number, call.id, known.asked_at))
    if known.state is CallbackState.TALKING and known.call == call.id:
        known.result, known.result_at = "later", w.now  # called, and promised another call
    standing.stand(w, known)
    return known


def back(w: World, entry: Callback, reason: str) -> None:
    """In line again at the same place, no attempt made."""
    agent, entry.offered_to, entry.call = entry.offered_to or entry.by, "", ""
    if w.presented.get(agent) == entry.id:
        del w.presented[agent]
    w.quiet("callback", entry.id)
    moved(entry, CallbackTrigger.WAIT)
    w.out.append(facts.CallbackReturned(w.seq(), w.now, entry.id, agent, reason))
    owned(w, entry)
    line_up(w, entry)


def forbidden(w: World, entry: Callback) -> str:
    """Why nobody may call there, "" when somebody may. Who asked for this call has consented to it."""
    if entry.wanted:
        return ""
    if entry.number in w.state.barred:
        return "do_not_call"
    return "no_consent" if entry.kind in w.settings.needs_consent and not entry.consent else ""


def refused_now(w: World, entry: Callback) -> str:
    """Why they may not be dialled any more, though it was decided to."""
    return forbidden(w, entry) or ("" if standing.allowed_now(w, entry) else "outside_hours")


def set_barred(w: World, number: str, barred: bool) -> None:
    """Put a number on the do-not-call list, or take it off."""
    if barred == (number in w.state.barred):
        return
    if barred:
        w.state.barred[number] = True
    else:
        del w.state.barred[number]
    w.out.append(facts.NumberBarred(w.seq(), w.now, number, barred))
    for ident in list(w.persons.get(number, ())) if barred else ():
        refuse(w, w.state.callbacks[ident])


def refuse(w: World, entry: Callback) -> None:
    """Close what may not be called any more. What is live ends first."""
    if entry.state not in LIVE and (reason := forbidden(w, entry)):
        close(w, entry, reason)


def line_up(w: World, entry: Callback) -> None:
    """Let it wait, unless it was forbidden meanwhile."""
    if reason := forbidden(w, entry):
        close(w, entry, reason)
    else:
        standing.stand(w, entry)


def defer(w: World, entry: Callback, until: float, reason: str) -> None:
    if why := forbidden(w, entry):
        close(w, entry, why)
        return
    standing.step_out(w, entry)
    if w.presented.get(entry.offered_to) == entry.id:
        del w.presented[entry.offered_to]
    entry.offered_to = entry.call = ""
    moved(entry, CallbackTrigger.DEFER)
    entry.due = until
    w.alarm("callback", entry.id, until)
    if reason == "later":
        keep(w, entry, until)
    w.out.append(facts.CallbackDeferred(w.seq(), w.now, entry.id, until, reason))


def close(w: World, entry: Callback, reason: str, detail: str = "") -> None:
    """Nothing is owed any more."""
    standing.step_out(w, entry)
    if w.presented.get(entry.offered_to) == entry.id:
        del w.presented[entry.offered_to]
    moved(entry, CallbackTrigger.CLOSE)
    for kind in ("callback", "expire", "own"):
        w.quiet(kind, entry.id)
    standing.remove(w, entry)
    del w.state.callbacks[entry.id]
    if not entry.id.startswith("k"):  # ids of our own are never given twice
        remember(w, entry.id)
    w.out.append(facts.CallbackClosed(w.seq(), w.now, entry.id, reason, entry.attempts, entry.call, detail))


def remember(w: World, ident: str) -> None:
    """Told once more, this task or missed caller is nothing new."""
    known = w.state.known
    known[ident] = w.now
    if len(known) > REMEMBERED:
        del known[next(iter(known))]


def due(w: World, entry: Callback) -> None:
    """Its time has come: to wait in line, or for a result nobody said."""
    if entry.state is CallbackState.RESULT:
        resulted(w, entry, entry.by, "done")
    elif entry.state is CallbackState.LATER:
        moved(entry, CallbackTrigger.WAIT)
        owned(w, entry)
        standing.stand(w, entry)


def own_time_over(w: World, entry: Callback) -> None:
    """Whose follow-up it is was not there, or did not do it: anybody may."""
    standing.step_out(w, entry)
    entry.agent = ""
    standing.stand(w, entry)


# -- results ---------------------------------------------------------------------------------------------------


def resulted(w: World, entry: Callback, agent: str, result: str, at: float | None = None) -> None:
    """What came of an attempt, and what follows by the queue's rules."""
    entry.results[result] = entry.results.get(result, 0) + 1
    w.quiet("callback", entry.id)
    w.out.append(facts.CallbackResulted(w.seq(), w.now, entry.id, agent, result, entry.attempts, entry.call))
    rules = standing.rules_of(w, entry)
    if result == "do_not_call":
        close(w, entry, result)
        set_barred(w, entry.number, True)
        return
    delays = () if result in FINAL else rules.retries.get(result, ())
    if result == "later" and at is not None:
        defer(w, entry, at, "later")
    elif reason := forbidden(w, entry):
        close(w, entry, reason)
    elif entry.results[result] > len(delays):
        close(w, entry, result)
    elif entry.attempts >= rules.most_attempts:
        close(w, entry, "attempts")
    else:
        defer(w, entry, w.now + delays[entry.results[result] - 1], result)


def call_over(w: World, call: Call, by: str, cause: int, note: str, outcome: str, where: CallState) -> None:
    """A call has ended: of a caller we may owe one, of an attempt its result."""
    entry = w.state.callbacks.get(call.callback)
    if call.direction == "in" or (entry is not None and entry.state is CallbackState.ON_LINE):
        caller_gone(w, call, entry, outcome, where)
    elif entry is not None and entry.call == call.id:
        attempt_over(w, call, entry, by, cause, note)


def caller_gone(w: World, call: Call, entry: Callback | None, outcome: str, where: CallState) -> None:
    if entry is not None and outcome in ("ANSWERED", "OVERFLOWED") and not call.promised:
        close(w, entry, "called_in", detail=call.served_by)
        return
    source = source_of(call, outcome, where)
    number = w.config.numbers.get(call.dnis)
    owes = w.settings.owes if number is None or number.owes is None else number.owes
    if source in owes and call.direction == "in" and call.ani and not call.promised:
        entry = owe(w, call, source)
    if entry is not None and entry.call == call.id:
        entry.call = ""
        moved(entry, CallbackTrigger.WAIT)
        line_up(w, entry)


def source_of(call: Call, outcome: str, where: CallState) -> str:
    """Why we owe this caller a call; "" when we do not."""
    if outcome == "VOICEMAIL":
        return "voicemail"
    if outcome == "FAILED":
        return "failed"
    if outcome == "SELF_SERVED":
        return "closed" if call.closed else ""
    if outcome != "ABANDONED":
        return ""
    if call.surge and not call.queue:
        return "surge"
    if call.closed:
        return "closed"
    return "menu" if where is CallState.IVR else "abandoned"


def attempt_over(w: World, call: Call, entry: Callback, by: str, cause: int, note: str) -> None:
    """By what the call came to. An agent who talked may still say more; what never reached the customer's line is no attempt."""
    if entry.state is CallbackState.DIALLING and not call.customer:
        if note == "no_trunk":
            defer(w, entry, w.now + NO_LINE_SECONDS, "no_trunk")
        else:
            back(w, entry, note or by)
    elif note == "called_in":  # given up for their own call, which is to have the place
        back(w, entry, note)
    elif note == "no_contact" and entry.state is CallbackState.DIALLING:  # nobody's phone rang: no attempt either
        entry.attempts -= 1
        defer(w, entry, w.now + NO_CONTACT_SECONDS, "no_trunk")
    elif entry.result:
        result, entry.result = entry.result, ""
        at, entry.result_at = entry.result_at, None
        resulted(w, entry, entry.by, result, at)
    elif call.machine:
        resulted(w, entry, entry.by, "machine")
    elif call.served_by:
        moved(entry, CallbackTrigger.TALKED)
        entry.call = ""
        w.alarm("callback", entry.id, w.now + standing.rules_of(w, entry).result_seconds)
    elif entry.flow and call.reached:
        resulted(w, entry, "", "done" if call.informed else "refused")
    elif call.reached:
        resulted(w, entry, "", "failed")  # they answered, and nobody was there for them
    elif by == "agent":
        defer(w, entry, w.now + standing.rules_of(w, entry).skip_seconds, "cancelled")
    else:
        resulted(w, entry, entry.by, CAUSES.get(cause, "failed"))


def dialled(w: World, call: Call, shown: str) -> None:
    """The customer's phone is rung: this attempt counts."""
    entry = w.state.callbacks.get(call.callback)
    if entry is not None and entry.call == call.id:
        entry.attempts += 1
        w.out.append(facts.CallbackDialled(w.seq(), w.now, entry.id, call.id, entry.by, entry.attempts, shown))


def shown(w: World, entry: Callback, trunk: str) -> str:
    """What the customer's phone shows: a number of ours, best the one they know. `trunk` is the trunk's."""
    wanted = standing.rules_of(w, entry).caller_id
    ours = w.config.numbers
    return wanted if wanted in ours else entry.dnis if entry.dnis in ours else trunk


def reached(w: World, call: Call) -> None:
    entry = w.state.callbacks.get(call.callback)
    if entry is not None and entry.call == call.id:
        moved(entry, CallbackTrigger.REACH)


# -- the caller is there again ---------------------------------------------------------------------------------


def rejoin(w: World, call: Call) -> None:
    """Somebody we owe a call rings in: this call has their place. (A live attempt must have been ended before.)"""
    entry = w.state.callbacks.get(w.owed.get(call.ani, ""))
    if entry is None or entry.state in LIVE:
        return
    standing.step_out(w, entry)
    if w.presented.get(entry.offered_to) == entry.id:
        del w.presented[entry.offered_to]
    w.quiet("callback", entry.id)
    moved(entry, CallbackTrigger.RING_IN)
    entry.offered_to, entry.call, call.callback = "", call.id, entry.id
    call.entered, call.ticket = entry.asked_at, entry.ticket
    call.priority = max(call.priority, entry.priority)
    w.out.append(facts.CallbackRejoined(w.seq(), w.now, entry.id, call.id))
