"""The surge attendant as it is now: lines, share, what it took and what became of it. For leads; a fixed number of queries."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.acd.config import Curve
from ccenter.acd.surge import share_at
from ccenter.calls.models import Call, Fact, Surge, SurgeSpan, Trunk, TrunkChannel
from ccenter.calls.tokens import spelt
from ccenter.desktop import selectors
from ccenter.office.pages.frame import OfficePage
from orders.selectors import recovered

Shape = dict[str, Any]
MINUTES = 60  # of the picture of calls taken and passed
SPANS = 20  # surges in the table


class Now(NamedTuple):
    """Lines: how many calls have one, how many there are, how many are kept for who calls in."""

    busy: int
    lines: int
    kept: int


def live(user: Any) -> Shape:
    """Everything the page and the wallboard's tile show. Seven queries, one more for each surge that is on."""
    now = timezone.now()
    used = Counter(TrunkChannel.objects.filter(ended_at=None).values_list("trunk", flat=True))
    trunks = [
        {**row, "in_use": used[row["code"]], "use": used[row["code"]] / row["capacity"]}
        for row in Trunk.objects.filter(enabled=True).values("code", "name", "capacity", "kept")
    ]
    spans = {span.surge: span for span in SurgeSpan.objects.filter(ended_at=None)}
    surges = [_surge(row, spans.get(row.code), used, trunks) for row in _configured()]
    return {
        "at": now,
        "lines": Now(
            sum(row["in_use"] for row in trunks), sum(row["capacity"] for row in trunks), sum(row["kept"] for row in trunks)
        )._asdict(),
        "trunks": trunks,
        "surges": surges,
        "today": today(user, now),
    }


def _configured() -> list[Surge]:
    return list(Surge.objects.filter(enabled=True).prefetch_related("trunks", "numbers"))


def _surge(row: Surge, span: SurgeSpan | None, used: Counter[str], trunks: Sequence[Shape]) -> Shape:
    numbers = [number.number for number in row.numbers.all()]
    of = {trunk.code for trunk in row.trunks.all()}
    if numbers:
        busy, lines = Call.objects.filter(ended_at=None, direction="in", dnis__in=numbers).count(), row.lines
    else:
        mine = [trunk for trunk in trunks if not of or trunk["code"] in of]
        busy, lines = sum(trunk["in_use"] for trunk in mine), sum(trunk["capacity"] for trunk in mine)
    use = busy / lines if lines else 0.0
    curve = msgspec.convert(row.curve, Curve)
    share = share_at(curve, max(use, curve[0][0])) if span is not None else 0.0
    return {
        "code": row.code,
        "name": row.name or row.code,
        "on": span is not None,
        "since": span.started_at if span else None,
        "busy": busy,
        "lines": lines,
        "use": round(use, 4),
        "share": round(share, 4),
        "credit": _credit(span),
        "taken": span.taken if span else 0,
        "passed": span.passed if span else 0,
        "highest": span.highest if span else 0.0,
        "curve": [list(point) for point in curve],
        "from": curve[0][0],
        "until": max(0.0, curve[0][0] - row.hysteresis),
        "for": [spelt(number) for number in numbers] or sorted(of),
    }


def _credit(span: SurgeSpan | None) -> float:
    """What earlier calls left over at the last decision: with the next share it makes a call, or not yet."""
    if span is None:
        return 0.0
    facts = Fact.objects.filter(seq__gte=span.seq, type="SurgeDecided", data__surge=span.surge).order_by("-seq")
    last = facts.values_list("data", flat=True).first()
    if last is None:
        return 0.0
    return round(max(0.0, last["credit"] - 1.0) if last["taken"] else last["credit"], 4)


# -- today -----------------------------------------------------------------------------------------------------

# How many calls the machine took, and how long a line was busy with one: half of them shorter.
LINE_TIME = """
SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at))
  FROM calls_call WHERE started_at >= %s AND surge <> ''
"""


def today(user: Any, now: datetime) -> Shape:
    """Two queries. Callbacks and orders are those of the queues somebody leads; line times everybody's."""
    since = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    surges = recovered.figures(selectors.owed_in(user), since, now, "surge")
    with connection.cursor() as cursor:
        cursor.execute(LINE_TIME, [since])
        taken, median = cursor.fetchone()
    summed = ("captured", "reached", "called_in", "open", "bought")
    return {
        **{name: sum(getattr(one, name) for one in surges) for name in summed},
        "amount": sum((one.amount for one in surges), Decimal(0)),
        "taken": taken,
        "line_time": round(median, 1) if median is not None else None,
    }


def as_sql(rows: Any) -> tuple[str, dict[str, Any]]:
    """A query as part of another one that has named places."""
    if rows.query.is_empty():
        return "NULL", {}
    text, given = rows.query.sql_with_params()
    names = {f"p{n}": value for n, value in enumerate(given)}
    return text % tuple(f"%({name})s" for name in names), names


def minutes(now: datetime) -> list[Shape]:
    """Calls of the last hour by minute: those that the machine took, and the others. One query."""
    first = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('minute', started_at), count(*) FILTER (WHERE surge <> ''), count(*) FROM calls_call"
            " WHERE started_at >= %s AND direction = 'in' GROUP BY 1",
            [first],
        )
        found = {at: (taken, every) for at, taken, every in cursor.fetchall()}
    most = max([every for _taken, every in found.values()], default=0) or 1
    bars = []
    for n in range(MINUTES):
        at = first + timedelta(minutes=n)
        taken, every = found.get(at, (0, 0))
        high, low = round(44 * every / most, 1), round(44 * taken / most, 1)
        bars.append(
            {"at": at, "taken": taken, "every": every, "x": 6 * n, "y": 46 - high, "h": high, "ty": round(46 - low, 1), "th": low}
        )
    return bars


# -- pictures --------------------------------------------------------------------------------------------------

WIDE, HIGH, LEFT, UNDER = 300, 120, 30, 18  # of the curve, in its own units


def drawn(curve: Sequence[Sequence[float]], use: float | None = None) -> Shape:
    """A curve as places in a picture: the line, the area below it, where it is now, and the threshold."""

    def across(value: float) -> float:
        return round(LEFT + min(max(value, 0.0), 1.0) * WIDE, 1)

    def up(value: float) -> float:
        return round(8 + (1 - min(max(value, 0.0), 1.0)) * HIGH, 1)

    points = [(0.0, 0.0), (curve[0][0], 0.0), *((one[0], one[1]) for one in curve)]
    points += [(curve[-1][0], 1.0), (1.0, 1.0)]
    line = " ".join(f"{across(x)},{up(y)}" for x, y in points)
    fitting = tuple((float(x), float(y)) for x, y in curve)
    share = share_at(fitting, use) if use is not None else 0.0
    return {
        "line": line,
        "area": f"{line} {across(1)},{up(0)} {across(0)},{up(0)}",
        "dots": [{"x": across(x), "y": up(y), "use": round(x * 100), "share": round(y * 100)} for x, y in curve],
        "now": None if use is None else {"x": across(use), "y": up(share), "bottom": up(0)},
        "box": {
            "left": across(0), "right": across(1), "top": up(1), "bottom": up(0), "middle": up(0.5),
            "w": LEFT + WIDE + 10, "h": HIGH + 8 + UNDER, "label": HIGH + 22,
        },
        "uses": [{"x": across(n / 4), "percent": n * 25} for n in range(5)],
    }  # fmt: skip


class SurgeView(OfficePage):
    """The live view. Its part is read again when facts tell of a call that was taken, or of a line."""

    entity, title = "surges", _("Surge attendant")
    template, part = "callbacks/surge.html", "callbacks/surge_part.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        told = live(self.user)
        for one in told["surges"]:
            one["picture"] = drawn(one["curve"], one["use"])
        names = dict(Surge.objects.values_list("code", "name"))
        spans = list(SurgeSpan.objects.order_by("-started_at")[:SPANS])
        for span in spans:
            span.name = names.get(span.surge) or span.surge
            span.lasted = ((span.ended_at or told["at"]) - span.started_at).total_seconds()
        told["lines"]["high"] = round(0.85 * told["lines"]["lines"])
        return self.answer(self.context(**told, bars=minutes(told["at"]), spans=spans))
