"""What a customer is found by, as lexemes of a tsvector, and what somebody typed, as a tsquery over them.

PostgreSQL comes without trigrams here; its inverted index and prefix matching are in the core. The first letter says the kind:
n  each end of the name: 王小芳 -> n王小芳 n小芳 n芳, so that any part of it is the beginning of a lexeme
p  the same in pinyin, i  its initials: pwangxiaofang pxiaofang pfang, iwxf ixf if; a sign with several readings gives several
d  every three digits in a row of telephone and member numbers: any fragment of three digits or more is a few of them
a  every two signs in a row of the addresses
f  each end of the email address
o  each end of an own field that can be searched, behind the field's key: o7:红色, as not everybody may find by each

Three digits here and three there are not yet a number: what was found by d is compared once more (`crm.selectors.finding`).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

from ccenter.calls.tokens import spelt
from crm.pinyin import is_chinese, readings

LONGEST = 40  # signs of a name that are indexed
ENDS = 12  # of one text
_PART = "[^0-9路街道巷弄号]{1,6}?"
_REGION = re.compile(f"^(?:{_PART}(?:省|自治区))?(?:{_PART}(?:市|自治州|地区|盟))?(?:{_PART}(?:区|县|旗|市))?")
_SEPARATORS = str.maketrans("", "", " -.·'’()（）+\t\u3000")


def plain(text: str) -> str:
    """Without case, width and spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def ends(text: str) -> Iterator[str]:
    text = text[:LONGEST]
    yield from (text[at:] for at in range(min(len(text), ENDS)))


def grams(text: str, size: int) -> Iterator[str]:
    yield from (text[at : at + size] for at in range(len(text) - size + 1))


def lexemes(
    name: str, numbers: Iterable[str], digits: str, addresses: Iterable[str], email: str, own: Mapping[int, str]
) -> list[str]:
    """Of one customer: `numbers` in E.164, `digits` the member number, `own` {key of a field: text}, found by any part."""
    found: set[str] = set()
    called = plain(name)[:LONGEST]
    found.update(f"n{end}" for end in ends(called))
    if any(is_chinese(sign) for sign in called):
        for reading in readings(called[:ENDS]):
            for at in range(len(reading)):
                found.add(f"p{''.join(reading[at:])}")
                found.add(f"i{''.join(part[:1] for part in reading[at:])}")
    for number in numbers:
        found.update(f"d{gram}" for gram in grams(number.lstrip("+"), 3))
        found.update(f"d{gram}" for gram in grams(spelt(number).lstrip("+"), 3))
    found.update(f"d{gram}" for gram in grams(digits, 3))
    for address in addresses:
        found.update(f"a{gram}" for gram in grams(plain(address), 2))
    for kind, text in (("f", email), *((kind_of(key), text) for key, text in own.items())):
        found.update(f"{kind}{end}" for end in ends(plain(text)))
    return sorted(found)


def kind_of(field: int) -> str:
    """What lexemes of an own field begin with."""
    return f"o{field}:"


def twin(name: str, province: str, city: str, district: str, street: str) -> int | None:
    """A figure that two customers of the same name at the same place share; None when the place is not told. 64 bits, signed.

    Only street and house count: one wrote province, city and district, the other did not, or wrote them before the street.
    """
    where = plain(street).translate(_SEPARATORS)
    for part in (province, city, district):
        where = where.removeprefix(plain(part))
    where = _REGION.sub("", where, count=1)
    if len(where) < 3:
        return None
    digest = blake2b(f"{plain(name)}\0{where}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class Sought(NamedTuple):
    """One word that was typed. `query` for the index; `digits` what a number must hold, "" when none was typed."""

    query: str
    digits: str = ""


def sought(text: str, *, addresses: bool = True, own: Iterable[int] = ()) -> list[Sought] | None:
    """What was typed, word by word; a found customer fits them all. None when a word is too short to be looked for.

    `own`: keys of the own fields in which it may stand.
    """
    text = unicodedata.normalize("NFKC", text).casefold().strip()
    whole = text.translate(_SEPARATORS)
    parts = [whole] if _is_digits(whole) else text.split()
    kinds = ["f", *map(kind_of, own)]
    found = [_sought(part, addresses, kinds) for part in parts[:6]]
    wanted = [one for one in found if one is not None]
    return wanted if wanted and len(wanted) == len(found) else None


def _sought(part: str, addresses: bool, kinds: Iterable[str]) -> Sought | None:
    bare = part.translate(_SEPARATORS)
    if _is_digits(bare):
        if len(bare) < 3:
            return None
        return Sought(_all("d", grams(bare, 3)), digits=bare)
    if any(is_chinese(sign) for sign in part):
        named = _begins("n", part, *kinds)
        return Sought(f"({named} | ({_all('a', grams(part, 2))}))" if addresses and len(part) > 1 else named)
    return Sought(_begins("n", part, "p", "i", *kinds)) if len(part) > 1 else None


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _all(kind: str, parts: Iterable[str]) -> str:
    return " & ".join(_quoted(kind + part) for part in dict.fromkeys(parts))


def _begins(kind: str, part: str, *kinds: str) -> str:
    return "(" + " | ".join(f"{_quoted(one + part[:LONGEST])}:*" for one in (kind, *kinds)) + ")"


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
