"""Facts about callbacks and the surge attendant, folded into what we owe whom and how it went.

The facts of a callback are in the order in which it changed; what a call says of it (reached, ended) comes by `Call.owed`.
"""

from typing import Any

from ccenter.acd import facts
from ccenter.calls.models import BarredNumber, CallbackAttempt, CallbackEntry, SurgeSpan
from ccenter.calls.projections.book import Book, moment, on

S = CallbackEntry.State
ABOUT = ("priority", "dnis", "label", "language", "zone", "customer", "agent", "flow", "queue", "kind", "number", "chosen")


def _on_line(book: Book, call: str) -> bool:
    row = book.calls.get(call)
    return row is not None and row.state != "ENDED"


def _attempt_over(book: Book, fact: Any, result: str) -> None:
    """The attempt under way has its result; one that was broken off, the reason of that."""
    if attempt := book.attempts.pop(fact.callback, None):
        attempt.result, attempt.resulted_at = result, moment(fact.at)
        book.changed(attempt)


@on(facts.CallbackOpened, needs=("callback", "call"))
def opened(book: Book, fact: facts.CallbackOpened) -> None:
    """Told anew to a core that had lost its memory, it is still the one of before: source, count and attempts are kept."""
    row = book.callbacks.get(fact.callback)
    if row is None or row.closed_at is not None:
        row = book.callbacks[fact.callback] = CallbackEntry(id=fact.callback, source=fact.source, opened_at=moment(fact.at))
        row.call = fact.call
    book.changed(row)
    for name in ABOUT:
        setattr(row, name, getattr(fact, name))
    row.asked_at, row.due_at = moment(fact.asked_at), moment(fact.due or fact.at)
    row.opened_at = row.opened_at or moment(fact.at)
    row.state, row.offered_to, row.reason = S.LATER if fact.due > fact.at else S.WAITING, "", ""
    if _on_line(book, fact.call):
        row.state, row.attempt = S.ON_LINE, fact.call
    if fact.call in book.calls:
        book.call(fact).owed = row.id


@on(facts.CallbackAsked, needs=("callback", "call"))
def asked(book: Book, fact: facts.CallbackAsked) -> None:
    if row := book.callback(fact):
        row.source, row.queue, row.number, row.times_asked = fact.source, fact.queue, fact.number, fact.times
        row.call = fact.call or row.call
        if fact.asked_at:
            row.asked_at = moment(fact.asked_at)
        if fact.call in book.calls:
            book.call(fact).owed = row.id


@on(facts.CallbackRejoined, needs=("callback", "call"))
def rejoined(book: Book, fact: facts.CallbackRejoined) -> None:
    if row := book.callback(fact):
        row.state, row.attempt, row.offered_to = S.ON_LINE, fact.call, ""
        book.call(fact).owed = row.id


@on(facts.CallbackPresented, needs=("callback",))
def presented(book: Book, fact: facts.CallbackPresented) -> None:
    if row := book.callback(fact):
        row.state, row.offered_to, row.reason = S.PRESENTED, fact.agent, ""


@on(facts.CallbackReturned, needs=("callback",))
def returned(book: Book, fact: facts.CallbackReturned) -> None:
    if row := book.callback(fact):
        row.state, row.offered_to, row.reason = S.WAITING, "", fact.reason
    _attempt_over(book, fact, fact.reason)


def begun(book: Book, fact: facts.CallStarted) -> None:
    """A call that is an attempt of it: the agent's phone may ring first."""
    if row := book.callback(fact):
        row.state, row.attempt, row.by, row.offered_to, row.reason = S.DIALLING, fact.call, fact.agent, "", ""


@on(facts.CallbackDialled, needs=("callback",))
def dialled(book: Book, fact: facts.CallbackDialled) -> None:
    if row := book.callback(fact):
        row.state, row.offered_to, row.reason, row.result = S.DIALLING, "", "", ""
        row.by, row.attempt, row.attempts = fact.agent, fact.call, fact.attempt
    attempt = book.attempts[fact.callback] = CallbackAttempt(
        seq=fact.seq,
        callback=fact.callback,
        call=fact.call,
        agent=fact.agent,
        attempt=fact.attempt,
        shown=fact.shown,
        at=moment(fact.at),
    )
    book.changed(attempt)


def reached(book: Book, callback: str, fact: facts.CallReached) -> None:
    """The customer of an attempt answered."""
    row, attempt = book.callbacks.get(callback), book.attempts.get(callback)
    if row is not None and row.attempt == fact.call and row.state == S.DIALLING:
        row.state = S.TALKING
        book.changed(row)
    if attempt is not None and attempt.call == fact.call and attempt.reached_at is None:
        attempt.reached_at = moment(fact.at)
        book.changed(attempt)


def call_ended(book: Book, callback: str, fact: facts.CallEnded) -> None:
    """What follows from an attempt's end is told by facts of its own; that the caller is off the line is not."""
    row = book.callbacks.get(callback)
    if row is not None and row.attempt == fact.call and row.state in (S.ON_LINE, S.TALKING):
        row.state = S.WAITING if row.state == S.ON_LINE else S.RESULT
        book.changed(row)
    if row is not None and row.closed_at is not None:
        book.over(callback)


@on(facts.CallbackResulted, needs=("callback",))
def resulted(book: Book, fact: facts.CallbackResulted) -> None:
    if row := book.callback(fact):
        row.result, row.attempts = fact.result, fact.attempts
    _attempt_over(book, fact, fact.result)


@on(facts.CallbackDeferred, needs=("callback",))
def deferred(book: Book, fact: facts.CallbackDeferred) -> None:
    if row := book.callback(fact):
        row.state, row.due_at, row.offered_to, row.reason = S.LATER, moment(fact.until), "", fact.reason
    _attempt_over(book, fact, fact.reason)


@on(facts.CallbackClosed, needs=("callback",))
def closed(book: Book, fact: facts.CallbackClosed) -> None:
    if row := book.callback(fact):
        row.state, row.closed_at, row.offered_to = S.CLOSED, moment(fact.at), ""
        row.closed_reason, row.closed_detail, row.attempts = fact.reason, fact.detail, max(row.attempts, fact.attempts)
    _attempt_over(book, fact, fact.reason)
    book.over(fact.callback)


@on(facts.NumberBarred, needs=())
def barred(book: Book, fact: facts.NumberBarred) -> None:
    row = book.barred.setdefault(fact.number, BarredNumber(number=fact.number))
    row.barred, row.at = fact.barred, moment(fact.at)
    book.changed(row)
    book.over(fact.number)


# -- the surge attendant ---------------------------------------------------------------------------------------


@on(facts.SurgeChanged, needs=("surge",))
def surge_changed(book: Book, fact: facts.SurgeChanged) -> None:
    span = book.surges.get(fact.surge)
    if span is not None:  # over; or begun anew by a core that has forgotten
        span.ended_at = moment(fact.at)
        if not fact.on:
            span.use, span.share, span.taken, span.passed = fact.use, 0.0, fact.taken, fact.passed
        book.changed(span)
        del book.surges[fact.surge]
    if fact.on:
        span = book.surges[fact.surge] = SurgeSpan(seq=fact.seq, surge=fact.surge, started_at=moment(fact.at))
        span.use = span.highest = fact.use
        book.changed(span)


@on(facts.SurgeDecided, needs=("call", "surge"))
def surge_decided(book: Book, fact: facts.SurgeDecided) -> None:
    if fact.taken:
        book.call(fact).surge = fact.surge
    if span := book.surges.get(fact.surge):
        span.use, span.share, span.highest = fact.use, fact.share, max(span.highest, fact.use)
        span.taken, span.passed = span.taken + fact.taken, span.passed + (not fact.taken)
        book.changed(span)
