"""Results of calling back: who was promised a call, who was reached, how often was tried. Two queries; as a table and as CSV."""

import csv
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.desktop import selectors
from ccenter.desktop.callbacks.surge import as_sql
from ccenter.desktop.callbacks.words import RESULTS
from ccenter.desktop.guides import guides
from ccenter.office.pages.frame import OfficePage

DAYS = 366  # at most, in one table
TRIED = ("done", "no_answer", "busy", "machine", "failed", "wrong_number", "refused", "do_not_call", "later")
BY = {"day": _("day"), "queue": _("queue"), "station": _("TV station"), "agent": _("agent")}
KEYS = {
    "day": "to_char(asked_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD')",
    "queue": "queue",
    "station": "coalesce(nullif(label, ''), dnis)",
}
AGES = ((15, _("under 15 minutes")), (60, _("under an hour")), (240, _("under 4 hours")), (1440, _("under a day")))
OLDEST = _("older")

_RESULTS = ", ".join(f"count(*) FILTER (WHERE result = '{name}') AS {name}" for name in TRIED)
_SUMS = ", ".join(f"coalesce(sum({name}), 0)" for name in TRIED)
TABLE = f"""
WITH owed AS (SELECT id, {{key}} AS key, asked_at, closed_at, closed_reason FROM calls_callbackentry
    WHERE id IN ({{owed}}) AND asked_at >= %(since)s AND asked_at < %(until)s),
  tried AS (SELECT callback, min(at) AS first, bool_or(reached_at IS NOT NULL) AS reached, count(*) AS attempts, {_RESULTS}
    FROM calls_callbackattempt WHERE callback IN (SELECT id FROM owed) GROUP BY callback)
SELECT key, count(*), count(*) FILTER (WHERE reached),
  count(*) FILTER (WHERE closed_reason = 'called_in' AND reached IS NOT TRUE),
  count(*) FILTER (WHERE closed_at IS NOT NULL AND reached IS NOT TRUE AND closed_reason <> 'called_in'),
  count(*) FILTER (WHERE closed_at IS NULL), coalesce(sum(attempts), 0),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first - asked_at)), {_SUMS}
FROM owed LEFT JOIN tried ON tried.callback = owed.id GROUP BY key ORDER BY key
"""  # noqa: S608  names of columns
OF_AGENTS = f"""
SELECT agent AS key, count(DISTINCT callback), count(DISTINCT callback) FILTER (WHERE reached_at IS NOT NULL), 0, 0, 0, count(*),
  NULL, {_RESULTS}
FROM calls_callbackattempt WHERE callback IN ({{owed}}) AND at >= %(since)s AND at < %(until)s GROUP BY agent ORDER BY agent
"""  # noqa: S608


class Line(NamedTuple):
    """Of one day, queue, station or agent; `median` seconds from the asking to the first attempt, `results` as in TRIED.

    Of an agent only what was tried counts: `promised` are the callbacks they called.
    """

    key: str
    promised: int
    reached: int
    called_in: int
    unreached: int
    open: int
    attempts: int
    median: float | None
    results: list[int]

    @property
    def share(self) -> float | None:
        """Who was spoken to, of all who were promised a call."""
        return (self.reached + self.called_in) / self.promised if self.promised else None


def table(user: Any, since: date, until: date, by: str) -> list[Line]:
    """The figures of callbacks that were asked for from one day to another, those included. One query."""
    owed, params = as_sql(selectors.owed_in(user).values("pk"))
    given = {**params, "since": _midnight(since), "until": _midnight(until + timedelta(days=1)), "zone": settings.TIME_ZONE}
    text = OF_AGENTS.format(owed=owed) if by == "agent" else TABLE.format(key=KEYS[by], owed=owed)
    with connection.cursor() as cursor:
        cursor.execute(text, given)
        return [Line(row[0], *row[1:8], results=list(row[8:])) for row in cursor.fetchall()]


def total(lines: list[Line], by: str) -> Line | None:
    """All lines together; without a median, which cannot be had from others."""
    if not lines:
        return None
    sums = [sum(getattr(line, name) for line in lines) for name in ("promised", "reached", "called_in", "unreached", "open")]
    results = [sum(line.results[n] for line in lines) for n in range(len(TRIED))]
    return Line("", *sums, sum(line.attempts for line in lines), None, results)


def by_age(user: Any) -> list[tuple[Any, int]]:
    """How many are still open, by how long ago they were asked for. One query."""
    owed, params = as_sql(selectors.owed_in(user).filter(closed_at=None).values("pk"))
    edges = [minutes for minutes, _name in AGES]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT width_bucket(extract(epoch FROM now() - asked_at) / 60, %(edges)s::float8[]), count(*)"  # noqa: S608
            f" FROM calls_callbackentry WHERE id IN ({owed}) GROUP BY 1",
            {**params, "edges": [0.0, *map(float, edges)]},
        )
        found = dict(cursor.fetchall())
    counts = [sum(count for place, count in found.items() if place <= 1), *(found.get(n, 0) for n in range(2, len(AGES) + 2))]
    return list(zip([name for _minutes, name in AGES] + [OLDEST], counts, strict=True))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def check_days(since: date, until: date) -> None:
    """Raises ValidationError by field."""
    if not 1902 <= since.year <= 2200:
        raise ValidationError({"since": _("A day between 1902 and 2200.")})
    if not timedelta(0) <= until - since < timedelta(days=DAYS):
        raise ValidationError({"until": _("Not before the first day, and at most a year.")})


def usual_days() -> tuple[date, date]:
    """The last week."""
    today = timezone.localdate()
    return today - timedelta(days=6), today


def names_of(by: str) -> dict[str, str]:
    """What the keys of such lines are called, where that is another word."""
    known = guides()
    return {"queue": known.queues, "agent": known.agents}.get(by, {})


class FiguresForm(forms.Form):
    since = forms.DateField(label=_("From"))
    until = forms.DateField(label=_("To"))
    by = forms.ChoiceField(label=_("Grouped by"), choices=list(BY.items()))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "since" in given and "until" in given:
            check_days(given["since"], given["until"])
        return given


class Figures(OfficePage):
    entity, verb, title = "callbacks", "figures", _("Results of callbacks")
    template, part = "callbacks/figures.html", "callbacks/figures_part.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        since, until = usual_days()
        first = {"since": since.isoformat(), "until": until.isoformat(), "by": "day"}
        form = FiguresForm({**first, **{name: value for name, value in request.GET.items() if value}})
        lines: list[Line] = []
        by = "day"
        if form.is_valid():
            by = form.cleaned_data["by"]
            lines = self._named(table(self.user, form.cleaned_data["since"], form.cleaned_data["until"], by), by)
        if "csv" in request.GET and form.is_valid():
            return self._file(lines, by)
        ages = by_age(self.user)
        most = max((count for _name, count in ages), default=0) or 1
        return self.answer(
            self.context(
                form=form, lines=lines, by=by, by_name=BY[by], sum=total(lines, by), tried=[RESULTS[name] for name in TRIED],
                ages=[(name, count, round(100 * count / most)) for name, count in ages], query=request.GET.urlencode(),
            )
        )  # fmt: skip

    def _named(self, lines: list[Line], by: str) -> list[Line]:
        names = names_of(by)
        return [line._replace(key=" ".join(filter(None, (line.key, names.get(line.key, ""))))) for line in lines]

    def _file(self, lines: list[Line], by: str) -> HttpResponse:
        answer = HttpResponse("﻿", content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="callbacks.csv"'
        writer = csv.writer(answer)
        heads = (_("promised"), _("reached"), _("rang in again"), _("not reached"), _("still open"), _("attempts"))
        writer.writerow(
            [str(one) for one in (BY[by], *heads, _("median minutes until called"), *(RESULTS[one] for one in TRIED))]
        )
        for line in lines:
            median = "" if line.median is None else round(line.median / 60, 1)
            name = f"'{line.key}" if line.key[:1] in "=+-@" and line.key else line.key  # a table calculates with those
            counted = (line.promised, line.reached, line.called_in, line.unreached, line.open, line.attempts)
            writer.writerow([name, *counted, median, *line.results])
        return answer
