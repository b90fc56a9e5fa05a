"""Facts about agents and their requests, folded into what they do now, what they did, and the answers."""

from datetime import timedelta

from ccenter.acd import facts
from ccenter.calls.models import AgentStateSpan, AgentStatus, Monitoring
from ccenter.calls.projections.book import Book, moment, on

SECONDS = {"TALKING": "talk", "WRAP_UP": "wrap_up", "READY": "ready", "NOT_READY": "not_ready", "RESERVED": "ringing"}


@on(facts.AgentChanged, needs=("agent", "day"))
def agent_changed(book: Book, fact: facts.AgentChanged) -> None:
    now = moment(fact.at)
    status = book.statuses.get(fact.agent)
    if status is None:
        status = book.statuses[fact.agent] = AgentStatus(agent=fact.agent, state=fact.was, since=now, seq=fact.seq)
    elif fact.was:
        span = AgentStateSpan(
            seq=fact.seq,
            agent=fact.agent,
            state=fact.was,
            reason=status.reason,
            call=status.call,
            started_at=now - timedelta(seconds=fact.lasted),
            ended_at=now,
        )
        book.changed(span)
        if field := SECONDS.get(fact.was):
            day = book.day(fact)
            setattr(day, field, round(getattr(day, field) + fact.lasted, 3))
    status.state, status.reason, status.call, status.endpoint = fact.state, fact.reason, fact.call, fact.endpoint
    if fact.state == "LOGGED_OUT":
        status.endpoint = ""
        book.signed_out.append(fact.endpoint)
    if fact.was == "LOGGED_OUT":
        status.online = True
    status.since, status.seq = now, fact.seq
    book.changed(status)


@on(facts.PhoneStateChanged, needs=("agent",))
def phone_changed(book: Book, fact: facts.PhoneStateChanged) -> None:
    book.status(fact).online = fact.online


@on(facts.SeatAllows, needs=("agent",))
def seat_allows(book: Book, fact: facts.SeatAllows) -> None:
    book.status(fact).allows = list(fact.actions)


@on(facts.MonitorStarted, needs=("supervisor",))
def monitor_started(book: Book, fact: facts.MonitorStarted) -> None:
    row = Monitoring(
        seq=fact.seq,
        call=fact.call,
        agent=fact.agent,
        supervisor=fact.supervisor,
        by=fact.by,
        mode=fact.mode,
        modes=[fact.mode],
        started_at=moment(fact.at),
    )
    book.monitorings[fact.supervisor] = row
    book.changed(row)


@on(facts.MonitorChanged, needs=("supervisor",))
def monitor_changed(book: Book, fact: facts.MonitorChanged) -> None:
    if row := book.monitorings.get(fact.supervisor):
        row.mode = fact.mode
        row.modes = [*row.modes, fact.mode]
        book.changed(row)


@on(facts.MonitorEnded, needs=("supervisor",))
def monitor_ended(book: Book, fact: facts.MonitorEnded) -> None:
    if row := book.monitorings.get(fact.supervisor):
        row.ended_at, row.reason = moment(fact.at), fact.reason
        book.monitorings[fact.supervisor] = None
        book.changed(row)


@on(facts.RequestDone, needs=())
def request_done(book: Book, fact: facts.RequestDone) -> None:
    book.answers[fact.request] = ("done", "", fact.call, moment(fact.at))


@on(facts.RequestRefused, needs=())
def request_refused(book: Book, fact: facts.RequestRefused) -> None:
    book.answers[fact.request] = ("refused", fact.reason, "", moment(fact.at))
