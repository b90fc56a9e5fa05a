"""What a person should see to."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from ccenter.calls.models import Alarm


def raise_alarm(kind: str, subject: str, text: str, at: datetime | None = None) -> None:
    """Opens an alarm, or counts up the one that is open. Raises DatabaseError."""
    table = Alarm._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS a (kind, subject, text, count, first_at, last_at) "  # noqa: S608
            "VALUES (%(kind)s, %(subject)s, %(text)s, 1, coalesce(%(at)s, now()), coalesce(%(at)s, now())) "
            "ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO UPDATE SET count = a.count + 1, "
            "text = EXCLUDED.text, last_at = EXCLUDED.last_at",
            {"kind": kind, "subject": subject, "text": text.replace("\0", ""), "at": at},
        )


def clear_alarm(ident: int, user: Any) -> Alarm | None:
    """Notes that somebody has seen to an alarm; None when there is none. Done twice, the first one stays."""
    Alarm.objects.filter(pk=ident, cleared_at=None).update(cleared_at=Now(), cleared_by=user.pk)
    return Alarm.objects.filter(pk=ident).first()
