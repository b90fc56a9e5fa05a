"""Callers whom the core never saw, on their way to it: noted by the recorder, told by the cti process, each until it is known.

The core opens the callbacks (facts tell of them); a row here only says that it has been told.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from ccenter.acd import events
from ccenter.calls.models import BarredNumber, CallbackEntry, MissedCaller
from ccenter.calls.numbers import Normalised

CHANNEL = "missed"
AT_ONCE = 500


class Missed(NamedTuple):
    """A caller whom the core never saw; the id is the note's."""

    ident: UUID
    source: str
    who: Normalised
    at: datetime
    dnis: str = ""
    language: str = ""


def keep(ident: UUID, source: str, who: Normalised, at: datetime, dnis: str = "", language: str = "") -> bool:
    """Notes a caller, in the caller's transaction; False when there is no number to call."""
    return keep_all([Missed(ident, source, who, at, dnis, language)]) == 1


def keep_all(missed: Iterable[Missed]) -> int:
    """Notes callers, in the caller's transaction, and wakes the cti process once; how many there is a number of."""
    rows = [
        MissedCaller(
            id=one.ident,
            source=one.source,
            number=one.who.number[:40],
            dnis=one.dnis[:64],
            language=one.language[:10],
            at=one.at,
        )
        for one in missed
        if one.who.kind != "withheld" and one.who.number
    ]
    if rows:
        MissedCaller.objects.bulk_create(rows, ignore_conflicts=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
    return len(rows)


def untold() -> list[events.CallerMissed]:
    """The next ones to be told, who called first first."""
    rows = MissedCaller.objects.filter(told_at=None).order_by("at")[:AT_ONCE]
    return [events.CallerMissed(str(row.id), row.number, row.dnis, row.source, row.at.timestamp(), row.language) for row in rows]


def told(idents: Collection[str]) -> None:
    """The core knows of these, and has them on disk."""
    MissedCaller.objects.filter(id__in=idents).update(told_at=timezone.now())


def owed() -> list[events.AnyOfficeRequest]:
    """What a core without memory is to be told of the record: whom we owe a call, then who is not to be called.

    In this order, as one who asked for a call gets it all the same. A task or callback it knows already it takes for the same.
    """
    found: list[events.AnyOfficeRequest] = []
    for row in CallbackEntry.objects.filter(closed_at=None).order_by("asked_at"):
        due = row.due_at if row.kind != "callback" and row.due_at else row.asked_at
        found.append(
            events.ReleaseTask(
                "",
                "",
                row.agent,
                row.id,
                row.kind,
                row.number,
                due.timestamp(),
                queue=row.queue,
                flow=row.flow,
                priority=row.priority,
                customer=row.customer,
                zone=row.zone,
                language=row.language,
                dnis=row.dnis,
                consent=True,  # it was given when it was opened
            )
        )
    barred = BarredNumber.objects.filter(barred=True).values_list("number", flat=True)
    return found + [events.BarNumber("", "", "", number, True) for number in barred]
