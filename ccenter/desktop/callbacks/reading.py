"""Reads for the pages of callbacks: each for a whole page of rows at once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from ccenter.calls import outcomes, tokens
from ccenter.calls.models import Call, CallbackAttempt, CallbackEntry, CentreSettings, Fact
from ccenter.calls.rights import seat_of
from ccenter.desktop import selectors
from ccenter.desktop.callbacks import words
from ccenter.desktop.callbacks.filters import due, mine, only
from ccenter.desktop.guides import Guides, guides

Shape = dict[str, Any]
YOUNG, OLD, VERY_OLD = 15 * 60, 60 * 60, 4 * 3600  # seconds: from when on an age has another colour


def rows_for(user: Any, which: str) -> Any:
    """The callbacks of the queues somebody serves or leads."""
    return selectors.owed_in(user).filter(only(which, user))


def counts(user: Any) -> dict[str, int]:
    """How many are open, due, mine. One query."""
    now: dict[str, int] = (
        selectors.owed_in(user)
        .filter(closed_at=None)
        .aggregate(open=Count("pk"), due=Count("pk", filter=due()), mine=Count("pk", filter=mine(user)))
    )
    return now


def age_of(asked: datetime, now: datetime) -> str:
    seconds = (now - asked).total_seconds()
    return "young" if seconds < YOUNG else "" if seconds < OLD else "old" if seconds < VERY_OLD else "very-old"


def places(idents: Iterable[str]) -> dict[str, int]:
    """The place in the line of its queue of each that stands in one, as the core lines them up. One query."""
    ageing = CentreSettings.objects.values_list("ageing", flat=True).first() or 60.0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, place FROM (SELECT id, row_number() OVER (PARTITION BY queue ORDER BY"
            " extract(epoch FROM asked_at) - priority * %s, opened_at, id) AS place FROM calls_callbackentry"
            " WHERE closed_at IS NULL AND (state = 'WAITING' OR (state = 'LATER' AND due_at <= now()))) line WHERE id = ANY(%s)",
            [ageing, list(idents)],
        )
        return dict(cursor.fetchall())


def dress(user: Any, rows: list[CallbackEntry]) -> None:
    """Puts beside each row what the list shows of it. Four queries, whatever there are."""
    now, known, seat = timezone.now(), guides(), seat_of(user)
    who = selectors.owners_by_number(user, {row.number for row in rows}) if rows else {}
    line = places(row.pk for row in rows)
    for row in rows:
        found = who.get(row.number)
        row.shown = tokens.shown(row.number, "b", row.pk, user)
        row.owner = found
        row.place = line.get(row.pk)
        row.age, row.age_kind = words.ago(((row.closed_at or now) - row.asked_at).total_seconds()), age_of(row.asked_at, now)
        row.queue_name = known.queues.get(row.queue) or row.queue
        row.source_name = outcomes.source(row.source)
        row.kind_name = words.kind(row.kind)
        row.chosen_name = chosen(row.chosen, known)
        row.by_name = agent(row.by, known)
        row.offered_name = agent(row.offered_to, known)
        row.result_name = words.result(row.result) if row.result else ""
        row.reason_name = words.result(row.reason) if row.reason else ""
        row.closed_name = words.result(row.closed_reason) if row.closed_reason else ""
        row.detail_name = agent(row.closed_detail, known) if row.closed_reason == "called_in" else row.closed_detail
        row.is_due = row.state == "WAITING" or (row.state == "LATER" and row.due_at is not None and row.due_at <= now)
        row.mine = seat is not None and seat.number in (row.offered_to, row.by)
        row.to_say = row.mine and row.by == seat.number and row.state in ("DIALLING", "TALKING", "RESULT")


def agent(number: str, known: Guides) -> str:
    return f"{number} {known.agents.get(number, '')}".strip()


def chosen(text: str, known: Guides) -> str:
    """ "main:orders" as people read it: "Main menu › orders"."""
    flow, _colon, node = text.partition(":")
    return " › ".join(filter(None, (known.flows.get(flow) or flow, node)))


def attempts(user: Any, row: CallbackEntry) -> list[CallbackAttempt]:
    """How often and how they were called, the last first. Two queries."""
    found = list(CallbackAttempt.objects.filter(callback=row.pk).order_by("-seq")[:50])
    known = guides()
    calls = {call.pk: call for call in Call.objects.filter(pk__in=[one.call for one in found]).only("id", "talked", "outcome")}
    for one in found:
        one.agent_name = agent(one.agent, known)
        one.result_name = words.result(one.result) if one.result else ""
        one.call_row = calls.get(one.call)
    return found


def until_of(row: CallbackEntry) -> datetime | None:
    """Until when an agent may look at the one that is shown to them. One query."""
    fact = (
        Fact.objects.filter(agent=row.offered_to, type="CallbackPresented", data__callback=row.pk).order_by("-seq").first()
        if row.state == "PRESENTED"
        else None
    )
    return datetime.fromtimestamp(fact.data["until"], timezone.get_current_timezone()) if fact else None


IN_HAND = ("TALKING", "DIALLING", "PRESENTED", "RESULT")  # what comes first: a result can wait, one that is shown cannot


def in_hand(seat: str) -> CallbackEntry | None:
    """What this seat has in hand: shown to it, or called by it and not yet over. One query."""
    own = Q(offered_to=seat, state="PRESENTED") | Q(by=seat, state__in=("DIALLING", "TALKING", "RESULT"))
    found = CallbackEntry.objects.filter(own, closed_at=None)
    return min(found, key=lambda row: IN_HAND.index(row.state), default=None)
