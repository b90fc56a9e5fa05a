"""How Chinese names sound, for people who type them in Latin letters."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, product

from pypinyin import Style
from pypinyin import pinyin as _pinyin

MOST_READINGS = 8  # of one text: a few signs have several (曾: ceng, zeng), and each may be meant


@lru_cache(maxsize=65536)
def _of_sign(sign: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_pinyin(sign, style=Style.NORMAL, heteronym=True)[0]))


def is_chinese(sign: str) -> bool:
    return "㐀" <= sign <= "鿿" or "豈" <= sign <= "﫿" or "\U00020000" <= sign <= "\U0003ffff"


def readings(text: str) -> Iterator[tuple[str, ...]]:
    """Each way to read a text, sign by sign: 单晓 -> ("dan", "xiao"), ("chan", "xiao"), ("shan", "xiao"). At most MOST_READINGS.

    A sign that is not Chinese stands for itself.
    """
    signs = [_of_sign(sign) if is_chinese(sign) else (sign,) for sign in text]
    yield from islice(product(*signs), MOST_READINGS)


def full(text: str) -> str:
    """The first reading in one word: 王芳 -> "wangfang"."""
    return "".join(next(readings(text)))


def initials(text: str) -> str:
    """王芳 -> "wf"."""
    return "".join(part[:1] for part in next(readings(text)))
