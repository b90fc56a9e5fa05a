"""What is spoken to a caller: items of speech -> the names of the sounds that say them.

Pure. A name is a key of `asterisk/sounds/<language>.toml` (the shell adds "cc/"). A caller hears whole
phrases wherever a phrase is common enough to have been recorded whole: numbers to 99, round hundreds and
thousands, digits two by two, amounts to 99 yuan, months, days, hours, positions, waiting times. What is composed is composed at
the joints where a speaker would take breath, and a unit is never a sound of its own if it can be avoided:
in Chinese 一百零五元 is "yibai" + "lingwu-yuan".

`say` never raises: what came from outside and cannot be spoken becomes `UNSPOKEN`.
"""

import itertools
import math
import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal

import msgspec

__all__ = ["Amount", "Date", "Digits", "Number", "Position", "Prompt", "Say", "TimeOfDay", "Wait", "say"]

Names = tuple[str, ...]
UNSPOKEN: Names = ("lookup-failed",)
LONGEST_WAIT = 30  # minutes that have a sentence
LONGEST_QUEUE = 50  # customers ahead that have a sentence
YEARS = range(2020, 2041)  # years recorded whole
_LIMIT = 10**12  # numbers from here on are read digit by digit, amounts not at all


class Prompt(msgspec.Struct, frozen=True, tag=True):
    """A sentence of the table, or an uploaded recording, by name."""

    name: str


class Number(msgspec.Struct, frozen=True, tag=True):
    """A whole number, spoken as a quantity."""

    value: int


class Digits(msgspec.Struct, frozen=True, tag=True):
    """Digits one by one, in groups when many: phone, member, order and agent numbers.

    `phone`: Chinese says 幺 for 1, as people do in numbers that name something. Other signs than * and #
    are skipped.
    """

    text: str
    phone: bool = True


class Amount(msgspec.Struct, frozen=True, tag=True):
    """Money: a decimal as text ("105.50"), less than 10^12, rounded to two places. Only CNY has words."""

    value: str
    currency: str = "CNY"


class Date(msgspec.Struct, frozen=True, tag=True):
    """A day, "YYYY-MM-DD", followed by its weekday if wanted."""

    value: str
    weekday: bool = False


class TimeOfDay(msgspec.Struct, frozen=True, tag=True):
    """A time of day, "HH:MM" in 24 hours, spoken in twelve with the part of the day."""

    value: str


class Wait(msgspec.Struct, frozen=True, tag=True):
    """An expected wait, in seconds, spoken in minutes begun: never less than promised."""

    seconds: float


class Position(msgspec.Struct, frozen=True, tag=True):
    """A place in a queue: how many customers are ahead (0: the caller is next)."""

    ahead: int


Say = Prompt | Number | Digits | Amount | Date | TimeOfDay | Wait | Position


def say(language: str, item: Say) -> Names:
    """Names of the sounds that speak `item` in `language` ("zh" or "en"; others are spoken in Chinese)."""
    english = language.lower().startswith("en")
    try:
        match item:
            case Prompt(name=name):
                return (name,)
            case Number(value=value):
                return _signed(value, _en_number if english else _zh_number)
            case Digits(text=text, phone=phone):
                return _digits(text, pairs=phone and not english)
            case Amount(value=value, currency="CNY"):
                amount = Decimal(value)
                if not abs(amount) < _LIMIT:  # also before round() spells 1e999999999 out
                    return UNSPOKEN
                return _signed(round(amount * 100), _en_amount if english else _zh_amount)
            case Date(value=value, weekday=weekday):
                day = date.fromisoformat(value)
                names = _en_date(day) if english else _zh_date(day)
                return (*names, f"weekday-{day.isoweekday()}") if weekday else names
            case TimeOfDay(value=value):
                clock = time.fromisoformat(value)
                return (_en_time if english else _zh_time)(clock.hour, clock.minute)
            case Wait(seconds=seconds):
                return (_wait(seconds),)
            case Position(ahead=ahead):
                return (_position(ahead),)
            case _:  # an amount in a currency that has no words
                return UNSPOKEN
    except (ValueError, TypeError, ArithmeticError):
        return UNSPOKEN


def _signed(value: int, speak: Callable[[int], Names]) -> Names:
    return ("number-minus", *speak(-value)) if value < 0 else speak(value)


def _wait(seconds: float) -> str:
    if seconds < 60:
        return "wait-less-than-a-minute"
    if seconds > LONGEST_WAIT * 60:
        return f"wait-more-than-{LONGEST_WAIT}-minutes"
    return f"wait-minutes-{math.ceil(seconds / 60)}"


def _position(ahead: int) -> str:
    if ahead <= 0:
        return "queue-position-next"
    if ahead > LONGEST_QUEUE:
        return f"queue-position-more-than-{LONGEST_QUEUE}"
    return f"queue-position-{ahead}"


def _digits(text: str, *, pairs: bool = False) -> Names:
    """Near-equal groups of three or four, the shorter ones first (138 0013 8000), a short pause between.

    `pairs`: two digits in one sound, 1 as 幺: a Chinese syllable by itself is hard to understand.
    """
    spoken = {"*": "digit-star", "#": "digit-pound"} | ({"1": "digit-1-phone"} if pairs else {})
    signs = "".join(sign for sign in text if sign in "0123456789*#")
    groups = 1 if len(signs) <= 5 else -(-len(signs) // 4)
    cuts = [len(signs) * i // groups for i in range(groups + 1)]
    names: list[str] = []
    for start, end in itertools.pairwise(cuts):
        if start:
            names.append("pause")
        for chunk in re.findall("[0-9]{2}|." if pairs else ".", signs[start:end]):
            names.append(f"digits-{chunk}" if len(chunk) == 2 else spoken.get(chunk, f"digit-{chunk}"))
    return tuple(names)


# -- Chinese --
# Recorded whole: 0..99; "number-zero-N" 零一..零九; "number-teen-N" 一十..一十九 (as after a hundred);
# one digit times 100, 1000, 万, 亿; and 万, 亿 alone after a longer coefficient ("number-times-10000").


def _zh_number(n: int) -> Names:
    return _digits(str(n)) if n >= _LIMIT else _zh_part(n, inside=False)


def _zh_part(n: int, *, inside: bool) -> Names:
    """`inside`: something bigger was said before, so ten is 一十."""
    if n < 100:
        return (f"number-teen-{n}",) if inside and 10 <= n <= 19 else (f"number-{n}",)
    unit = next(u for u in (10**8, 10**4, 1000, 100) if n >= u)
    count, rest = divmod(n, unit)
    if count < 10:
        head: Names = (f"number-{count * unit}",)
    else:
        head = (*_zh_part(count, inside=inside), f"number-times-{unit}")
    if rest == 0:
        return head
    if rest >= unit // 10:
        return head + _zh_part(rest, inside=True)
    if rest < 10:
        return (*head, f"number-zero-{rest}")
    return (*head, "number-0", *_zh_part(rest, inside=True))


def _zh_amount(fen: int) -> Names:
    """十二元三角四分, 十二元零五分, 五角; the last sound of the yuan carries its 元."""
    yuan, rest = divmod(fen, 100)
    jiao, fen = divmod(rest, 10)
    names: list[str] = []
    if yuan or not rest:
        *head, last = _zh_part(yuan, inside=False)
        names = [*head, last.replace("number-", "yuan-")]
    if jiao:
        names.append(f"jiao-{jiao}")
    elif fen and yuan:
        names.append("number-0")
    if fen:
        names.append(f"fen-{fen}")
    return tuple(names)


def _zh_date(day: date) -> Names:
    if day.year in YEARS:
        year: Names = (f"year-{day.year}",)
    else:
        year = (*(f"digit-{c}" for c in str(day.year)), "year")
    return (*year, f"month-{day.month}", f"day-{day.day}")


def _zh_time(hour: int, minute: int) -> Names:
    return (f"hour-{hour}", f"minute-{minute}") if minute else (f"hour-{hour}",)


# -- English --
# Recorded whole: 0..99; one digit times 100 and 1000; "number-100-and" (one hundred and) .. 900.


def _en_number(n: int) -> Names:
    if n >= _LIMIT:
        return _digits(str(n))
    if n < 100:
        return (f"number-{n}",)
    if n < 1000:
        rest = n % 100
        return (f"number-{n - rest}-and", f"number-{rest}") if rest else (f"number-{n}",)
    unit = next(u for u in (10**9, 10**6, 1000) if n >= u)
    count, rest = divmod(n, unit)
    head: Names = (*_en_number(count), f"number-times-{unit}")
    if unit == 1000 and count < 10:
        head = (f"number-{count * unit}",)
    if rest == 0:
        return head
    return (*head, "number-and", *_en_number(rest)) if rest < 100 else head + _en_number(rest)


def _en_amount(fen: int) -> Names:
    """Twelve yuan and fifty fen: people who speak English here count no jiao."""
    yuan, fen = divmod(fen, 100)
    if not fen:
        return (*_en_number(yuan), "yuan")
    return ((*_en_number(yuan), "yuan-and") if yuan else ()) + (f"number-{fen}", "fen")


def _en_date(day: date) -> Names:
    """November twenty-second, twenty twenty-six."""
    century, rest = divmod(day.year, 100)
    if day.year in YEARS:
        year: Names = (f"year-{day.year}",)
    elif century % 10 == 0 or century < 10:
        year = _en_number(day.year)
    elif rest == 0:
        year = (f"number-{century}", "number-times-100")
    else:
        year = (f"number-{century}", f"oh-{rest}" if rest < 10 else f"number-{rest}")
    return (f"month-{day.month}", f"day-{day.day}", *year)


def _en_time(hour: int, minute: int) -> Names:
    """Three p.m. (whole), three oh five p.m.; 0:00 is midnight and 12:00 noon."""
    if not minute:
        return (f"hour-{hour}",)
    past = f"oh-{minute}" if minute < 10 else f"number-{minute}"
    return (f"number-{(hour - 1) % 12 + 1}", past, "pm" if hour >= 12 else "am")
