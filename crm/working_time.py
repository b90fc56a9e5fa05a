"""Time in which people work: how late it is after so many working minutes, and how many lie between two moments.

Moments are aware; a calendar's hours are in the centre's zone, as for callers (`ccenter.acd.hours`). None: every minute counts.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ccenter.acd.config import Calendar

LOOK_AHEAD = 3 * 366  # days
NOTHING = timedelta(0)
MINUTE = timedelta(minutes=1)


class NeverOpen(Exception):
    """The calendar has not so many working minutes in the years to come."""


def after(calendar: Calendar | None, zone: ZoneInfo, start: datetime, minutes: float) -> datetime:
    """The moment when this many working minutes have passed since `start`. Raises NeverOpen."""
    left = timedelta(minutes=minutes)
    if calendar is None:
        return start + left
    for opens, closes in _spans(calendar, zone, start):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise NeverOpen(calendar.code)


def between(calendar: Calendar | None, zone: ZoneInfo, start: datetime, end: datetime) -> timedelta:
    """The working time from `start` to `end`; nothing when `end` is not later."""
    if calendar is None or end <= start:
        return max(end - start, NOTHING)
    total = NOTHING
    for opens, closes in _spans(calendar, zone, start):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total


def _spans(calendar: Calendar, zone: ZoneInfo, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From when to when it is open, in UTC, in order, from `start` on."""
    start = start.astimezone(UTC)
    holidays = {holiday.day for holiday in calendar.holidays}
    day = start.astimezone(zone).date()
    for _ in range(LOOK_AHEAD):
        if day.isoformat() not in holidays and day.weekday() < len(calendar.week):
            for first, last in sorted(calendar.week[day.weekday()]):
                opens, closes = max(_moment(day, first, zone), start), _moment(day, last, zone)
                if closes > opens:
                    yield opens, closes
        day += timedelta(days=1)


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """When the clock on the wall first shows this minute of a day (1440 is its end) or, where it is put forward, one past it."""
    wall = datetime.combine(day, time(0)) + timedelta(minutes=minute)
    found = min(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    while found.astimezone(zone).replace(tzinfo=None) < wall:
        found += MINUTE
    return found
