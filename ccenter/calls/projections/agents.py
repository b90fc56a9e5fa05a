"""Facts about agents and their requests, folded into what they do now, what they did, and the answers."""

from datetime import timedelta

from ccenter.acd import facts
from ccenter.calls.models import AgentStateSpan, AgentStatus
from ccenter.calls.projections.book import Book, moment, on


@on(facts.AgentChanged, needs=("agent",))
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
    status.state, status.reason, status.call, status.endpoint = fact.state, fact.reason, fact.call, fact.endpoint
    if fact.state == "LOGGED_OUT":
        status.endpoint = ""
    if fact.was == "LOGGED_OUT":
        status.online = True
    status.since, status.seq = now, fact.seq
    book.changed(status)


@on(facts.PhoneStateChanged, needs=("agent",))
def phone_changed(book: Book, fact: facts.PhoneStateChanged) -> None:
    status = book.statuses.get(fact.agent)
    if status is None:
        status = book.statuses[fact.agent] = AgentStatus(agent=fact.agent, since=moment(fact.at), seq=fact.seq)
    status.online, status.seq = fact.online, fact.seq
    book.changed(status)


@on(facts.RequestDone, needs=())
def request_done(book: Book, fact: facts.RequestDone) -> None:
    book.answers[fact.request] = ("done", "", fact.call, moment(fact.at))


@on(facts.RequestRefused, needs=())
def request_refused(book: Book, fact: facts.RequestRefused) -> None:
    book.answers[fact.request] = ("refused", fact.reason, "", moment(fact.at))
