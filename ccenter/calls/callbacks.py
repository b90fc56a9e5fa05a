"""Whom we owe a call: once per number while it is open, whoever noticed it."""

from datetime import datetime
from uuid import uuid4

from django.db import connection

from ccenter.acd.facts import CallbackPromised
from ccenter.calls.models import CallbackEntry
from ccenter.calls.numbers import normalise
from ccenter.calls.projections.book import moment


def owe(
    number: str,
    at: datetime,
    source: str,
    *,
    dnis: str = "",
    queue: str = "",
    reason: str = "",
    call: str = "",
    language: str = "",
) -> bool:
    """Notes that the caller is to be called back; False when there is no number to call. In the caller's transaction.

    Who is owed a call already keeps the place, and has asked once more.
    """
    wanted = normalise(number)
    if wanted.kind == "withheld" or not wanted.number:
        return False
    table = CallbackEntry._meta.db_table
    values = (wanted.number[:40], dnis[:40], queue[:40], source[:20], reason[:40], call[:40], language[:10], at)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS c "  # noqa: S608
            "(number, dnis, queue, source, reason, call, language, asked_at, id, times_asked, state, closed_reason) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 1, 'open', '') "
            "ON CONFLICT (number) WHERE state = 'open' DO UPDATE SET times_asked = c.times_asked + 1, "
            "asked_at = least(c.asked_at, EXCLUDED.asked_at)",
            (*values, uuid4()),
        )
    return True


def promised(fact: CallbackPromised) -> bool:
    """The caller asked for it, from a queue or a menu."""
    source = "queue" if fact.queue else "menu"
    return owe(fact.number, moment(fact.at), source, queue=fact.queue, reason=fact.reason, call=fact.call, language=fact.language)
