"""What became of callers who reached nobody: captured, called back, bought; by surge, called number, station, queue or source."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet

from ccenter.calls.models import CallbackEntry
from orders.states import VOID

# By what they can be told apart: a column of the callback, or the surge whose machine took the call.
KEYS: Mapping[str, str] = {"number": "e.dnis", "station": "e.label", "queue": "e.queue", "source": "e.source"}
BY_KEY = "SELECT e.*, {key} AS key FROM calls_callbackentry e WHERE e.asked_at >= %(since)s AND e.asked_at < %(before)s"
BY_SURGE = """
SELECT e.*, took.surge AS key FROM (
  SELECT DISTINCT ON (owed) owed, surge FROM calls_call
  WHERE started_at >= %(since)s AND started_at < %(before)s AND surge <> '' AND owed <> '' ORDER BY owed, started_at
) took JOIN calls_callbackentry e ON e.id = took.owed
"""
# An order counts for a callback when it was taken in a call about it: an attempt, or the customer's own next call.
FIGURES = """
WITH captured AS (SELECT c.* FROM ({rows}) c WHERE c.kind = 'callback' AND c.id IN ({seen})),
  sold AS (
    SELECT k.key, count(DISTINCT k.id) AS bought, count(*) AS orders, sum(o.total) AS amount
    FROM orders_order o JOIN calls_call c ON c.id = o.call JOIN captured k ON k.id = c.owed
    WHERE o.call <> '' AND o.created_at >= %(since)s AND o.state <> ALL(%(void)s) GROUP BY k.key)
SELECT k.key, count(*), count(*) FILTER (WHERE EXISTS (
    SELECT FROM calls_callbackattempt a WHERE a.callback = k.id AND a.reached_at IS NOT NULL)),
  count(*) FILTER (WHERE k.closed_reason = 'called_in'), count(*) FILTER (WHERE k.closed_at IS NULL),
  coalesce(max(s.bought), 0), coalesce(max(s.orders), 0), coalesce(max(s.amount), 0),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first.at - k.asked_at))
FROM captured k LEFT JOIN sold s ON s.key = k.key LEFT JOIN LATERAL (
    SELECT min(a.reached_at) AS at FROM calls_callbackattempt a WHERE a.callback = k.id) first ON true
GROUP BY k.key ORDER BY count(*) DESC, k.key
"""
LINE_TIME = """
SELECT surge, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at)) FROM calls_call
WHERE started_at >= %s AND started_at < %s AND surge <> '' AND ended_at IS NOT NULL GROUP BY surge
"""


class Figures(NamedTuple):
    """`captured`: who was owed a call; of them `reached` by one, `called_in` themselves, still `open`; who `bought` in such a
    call, how many orders, for how much. `until_reached`: median of seconds, None when nobody was."""

    key: str
    captured: int
    reached: int
    called_in: int
    open: int
    bought: int
    orders: int
    amount: Decimal
    until_reached: float | None


def figures(seen: QuerySet[CallbackEntry], since: datetime, before: datetime, by: str) -> list[Figures]:
    """Of the callbacks `seen` that were asked for in that time, the largest group first. `by`: surge, or one of KEYS.

    One query."""
    if seen.query.is_empty():
        return []
    text, given = seen.order_by().values("pk").query.sql_with_params()
    names = {f"p{n}": value for n, value in enumerate(given)}
    inner = text % tuple(f"%({name})s" for name in names)
    rows = BY_SURGE if by == "surge" else BY_KEY.format(key=KEYS[by])
    params = {**names, "since": since, "before": before, "void": [str(state) for state in VOID]}
    with connection.cursor() as cursor:
        cursor.execute(FIGURES.format(rows=rows, seen=inner), params)
        return [Figures(*row) for row in cursor.fetchall()]


def line_times(since: datetime, before: datetime) -> dict[str, float]:
    """Surge: the median of how many seconds a call that its machine took kept a line. One query."""
    with connection.cursor() as cursor:
        cursor.execute(LINE_TIME, [since, before])
        return dict(cursor.fetchall())
