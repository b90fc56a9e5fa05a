"""Is the centre open? Opening hours are in the centre's time zone; days are its days."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from ccenter.acd.config import Calendar

_zone = lru_cache(ZoneInfo)


def opening(calendar: Calendar | None, zone: str, now: float) -> tuple[str, str]:
    """("open" | "closed" | "holiday", the holiday's prompt or ""). Without a calendar it is always open.

    `now` is in seconds since 1970, UTC. A period (start, end) holds from its start to just before its end, in minutes
    of the day; 1440 is midnight.
    """
    if calendar is None:
        return "open", ""
    local = datetime.fromtimestamp(now, _zone(zone))
    day = local.date().isoformat()
    for holiday in calendar.holidays:
        if holiday.day == day:
            return "holiday", holiday.prompt or "holiday"
    minute = local.hour * 60 + local.minute
    week = calendar.week[local.weekday()] if local.weekday() < len(calendar.week) else ()
    return ("open", "") if any(start <= minute < end for start, end in week) else ("closed", "")
