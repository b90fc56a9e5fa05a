"""Working time against counting minute by minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccenter.acd.config import Calendar, Holiday
from ccenter.acd.hours import opening
from crm.working_time import NeverOpen, after, between

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(
    "office", (((540, 720), (780, 1080)),) * 5 + ((), ()), (Holiday("2026-10-01", "国庆节"), Holiday("2026-10-02", "国庆节"))
)


def moment(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-23 09:00", 60, "2026-11-23 10:00"),
        ("2026-11-23 11:30", 60, "2026-11-23 13:30"),  # over lunch
        ("2026-11-23 17:30", 60, "2026-11-24 09:30"),  # over night
        ("2026-11-27 17:30", 60, "2026-11-30 09:30"),  # over the weekend
        ("2026-11-28 12:00", 480, "2026-11-30 18:00"),  # taken on a Saturday
        ("2026-09-30 17:59", 2, "2026-10-05 09:01"),  # over the holidays and the weekend
        ("2026-11-23 03:00", 0.5, "2026-11-23 09:00:30"),
    ],
)
def test_given_a_start_when_working_minutes_pass_then_nights_and_holidays_do_not_count(
    start: str, minutes: float, end: str
) -> None:
    assert after(OFFICE, SHANGHAI, moment(start), minutes) == moment(end)
    assert between(OFFICE, SHANGHAI, moment(start), moment(end)) == timedelta(minutes=minutes)


def test_given_no_calendar_then_every_minute_counts() -> None:
    assert after(None, SHANGHAI, moment("2026-11-28 23:30"), 60) == moment("2026-11-29 00:30")
    assert between(None, SHANGHAI, moment("2026-11-29 00:30"), moment("2026-11-28 23:30")) == timedelta(0)


def test_given_a_calendar_that_never_opens_then_nothing_is_ever_due() -> None:
    with pytest.raises(NeverOpen):
        after(Calendar("never", ((),) * 7, ()), SHANGHAI, moment("2026-11-23 09:00"), 1)


def test_given_the_hour_that_is_missing_in_spring_then_it_is_not_worked() -> None:
    nights = Calendar("nights", (((0, 300),),) * 7, ())
    start = moment("2026-03-29 00:00", BERLIN)  # 02:00 is 03:00 that night
    assert after(nights, BERLIN, start, 240) == moment("2026-03-29 05:00", BERLIN)
    assert after(nights, BERLIN, start, 241) == moment("2026-03-30 00:01", BERLIN)
    lost = Calendar("lost", (((135, 165),),) * 7, ())
    assert after(lost, BERLIN, start, 1) == moment("2026-03-30 02:16", BERLIN)


spans = st.lists(st.integers(0, 96).map(lambda n: n * 15), min_size=0, max_size=4, unique=True).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)


@settings(max_examples=60, deadline=None)
@given(
    week=st.tuples(*[spans] * 7),
    holidays=st.sets(st.integers(0, 9), max_size=3),
    zone=st.sampled_from([SHANGHAI, BERLIN]),
    start=st.integers(0, 7 * 96),
    length=st.integers(0, 3 * 96),
)
def test_given_any_hours_when_counted_minute_by_minute_then_it_is_the_same(
    week: tuple[tuple[tuple[int, int], ...], ...], holidays: set[int], zone: ZoneInfo, start: int, length: int
) -> None:
    first = datetime(2026, 3, 25, tzinfo=UTC)  # the zone in Europe changes its clocks in these days
    days = tuple(Holiday(f"{first + timedelta(days=n):%F}", "x") for n in holidays)
    calendar = Calendar("any", week, days)
    begin = first + timedelta(minutes=15 * start)
    end = begin + timedelta(minutes=15 * length)
    quarters = [begin + timedelta(minutes=15 * n) for n in range(length)]
    counted = sum(15 for at in quarters if opening(calendar, str(zone), at.timestamp())[0] == "open")
    worked = between(calendar, zone, begin, end)
    assert worked == timedelta(minutes=counted)
    if counted:
        reached = after(calendar, zone, begin, counted)
        assert reached <= end
        assert between(calendar, zone, begin, reached) == worked
