"""What comes from outside the seats: tasks that are due, numbers not to be called, callers whom we never saw."""

from collections.abc import Callable
from typing import Any

from ccenter.acd import events, facts, owing, standing
from ccenter.acd.callback import LIVE, CallbackState
from ccenter.acd.config import Number, ToEnd
from ccenter.acd.world import World

THANKED_SECONDS = 15.0  # the last resort speaks to a caller that long: to ring them meanwhile finds them busy


def is_number(text: str) -> bool:
    return 0 < len(text) <= 32 and all(c.isdigit() or c in "+*#" for c in text)


def release(w: World, request: events.ReleaseTask) -> str:
    """A task is due, or will be at its time. One that is known already is done: released twice it is called once."""
    if request.task in w.state.callbacks or request.task in w.state.known:
        return ""
    if not request.task or not request.kind:
        return "bad_request"
    if not is_number(request.number):
        return "bad_number"
    if request.flow and request.flow not in w.config.flows:
        return "unknown_target"
    if request.kind in w.settings.needs_consent and not request.consent:
        return "no_consent"
    if request.number in w.state.barred:
        return "do_not_call"
    source = "task" if request.kind != "callback" else "asked"
    known = owing.still_owed(w, request.number) if request.kind == "callback" else None
    if known is not None:
        standing.step_out(w, known)
        owing.keep(w, known, w.now)
        known.asked_at = min(known.asked_at, request.at)
        known.times += 1
        owing.remember(w, request.task)
        w.out.append(
            facts.CallbackAsked(w.seq(), w.now, known.id, source, known.queue, known.times, known.number, "", known.asked_at)
        )
        w.out.append(facts.CallbackClosed(w.seq(), w.now, request.task, "moved", 0, "", known.id))
        standing.stand(w, known)
        return ""
    entry = owing.fresh(w, request.number, source, request.kind, request.at, request.task)
    entry.due, entry.queue, entry.priority = request.at, request.queue, request.priority
    entry.agent = request.agent if request.agent in w.state.agents else ""
    entry.flow, entry.customer, entry.dnis = request.flow, request.customer, request.dnis
    entry.language, entry.variables = request.language, dict(request.variables)
    entry.label = (w.config.numbers.get(request.dnis) or Number("", ToEnd())).label
    entry.zone = request.zone or entry.zone
    entry.wanted, entry.consent = request.kind == "callback", request.consent
    owing.opened(w, entry)
    return ""


def close(w: World, request: events.CloseCallback) -> str:
    entry = w.state.callbacks.get(request.callback)
    if entry is None:
        return "no_such_callback"
    if entry.state in LIVE:
        return "being_called"
    owing.close(w, entry, request.reason or "cancelled")
    return ""


def bar(w: World, request: events.BarNumber) -> str:
    """Who asked for a call by themselves is still called."""
    if not is_number(request.number):
        return "bad_number"
    owing.set_barred(w, request.number, request.barred)
    return ""


def withdraw(w: World, request: events.WithdrawConsent) -> str:
    entry = w.state.callbacks.get(request.callback)
    if entry is None:
        return "no_such_callback"
    entry.consent = False
    owing.refuse(w, entry)
    return ""


def on_missed(w: World, event: events.CallerMissed) -> None:
    """Told of somebody whom the core never saw; told twice it counts once."""
    if event.missed in w.state.known or not is_number(event.ani):
        return
    owing.remember(w, event.missed)
    number = w.config.numbers.get(event.dnis) or Number(event.dnis, ToEnd())
    owes = w.settings.owes if number.owes is None else number.owes
    if event.source not in owes:
        return
    asked_at = min(event.asked_at, w.now)
    free = asked_at + THANKED_SECONDS if event.source == "last_resort" else asked_at
    known = owing.still_owed(w, event.ani)
    if known is None:
        entry = owing.fresh(w, event.ani, event.source, "callback", asked_at)
        entry.queue, entry.priority, entry.dnis, entry.label = number.queue, number.priority, event.dnis, number.label
        entry.language = event.language or number.language
        entry.due = free if free > w.now else entry.due
        owing.opened(w, entry)
        return
    standing.step_out(w, known)
    owing.keep(w, known, w.now)
    known.times += 1
    known.asked_at = min(known.asked_at, asked_at)
    source = "asked" if known.source == "asked" else event.source
    w.out.append(
        facts.CallbackAsked(w.seq(), w.now, known.id, source, known.queue, known.times, known.number, "", known.asked_at)
    )
    if free > w.now and known.state is CallbackState.WAITING:
        owing.defer(w, known, free, "on_line")
    else:
        standing.stand(w, known)


OFFICE: dict[type, Callable[[World, Any], str]] = {
    events.ReleaseTask: release,
    events.CloseCallback: close,
    events.BarNumber: bar,
    events.WithdrawConsent: withdraw,
}
