"""Customers' numbers for who may not see them: masked on the screen, dialled by a token.

A token is the number, sealed for one user and a day or so. The same number gives the same token for an hour, so a list that is read
again looks the same. Numbers are short, so one block of HMAC hides them: no cipher has to be installed.
"""

import hmac
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from django.conf import settings

HOUR = 3600
LIVES = 24  # hours at least
LONGEST = 32  # digits: what one block can hide
SEE_NUMBERS = "calls.see_numbers"
_DIGITS = re.compile(r"\+?[0-9]{7,}")


class BadToken(Exception):
    """Not a token of ours, or not this user's, or too old."""


def sees_numbers(user: Any) -> bool:
    """Whether a user may see whole numbers: leads, administrators, and who has the permission."""
    from ccenter.calls.rights import Role, role_of

    return role_of(user) >= Role.LEAD or bool(user.has_perm(SEE_NUMBERS))


def mask(number: str) -> str:
    """A number as everybody may see it: "138****5678", "0571****4321". Extensions and short numbers are nobody's secret."""
    national = number.removeprefix("+86")
    if national != number and not national.startswith("1"):
        national = "0" + national
    if len(national) < 7:
        return number
    return f"{national[:-8]}****{national[-4:]}" if len(national) > 8 else f"****{national[-2:]}"


def mask_in(text: str) -> str:
    """A text with the numbers in it masked."""
    return _DIGITS.sub(lambda found: mask(found.group()), text)


def token_of(number: str, user: Any) -> str:
    """What `number_of` gives the number for; "" for a number there is none of. Raises ValueError for one that is too long."""
    if not number:
        return ""
    if len(number) > LONGEST:
        raise ValueError("a number has at most 32 digits")
    hour = int(time.time()) // HOUR  # noqa: TID251
    return _seal(number.encode(), hour.to_bytes(4), str(user.pk).encode())


def number_of(token: str, user: Any) -> str:
    """The number of a token that was given to this user. Raises BadToken."""
    try:
        raw = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        hour, mark, hidden = raw[:4], raw[4:20], raw[20:]
        number = _cover(hidden, mark)
        known = _seal(number, hour, str(user.pk).encode())
    except (ValueError, UnicodeError) as error:
        raise BadToken from error
    age = int(time.time()) // HOUR - int.from_bytes(hour)  # noqa: TID251
    if not hmac.compare_digest(known.encode(), token.encode()) or not 0 <= age <= LIVES:
        raise BadToken
    return number.decode()


def _seal(number: bytes, hour: bytes, user: bytes) -> str:
    """The mark proves all of it, and is what the number is covered with: a different one for each number, user and hour."""
    mark = _hmac(b"mark", hour + len(user).to_bytes(1) + user + number)[:16]
    return urlsafe_b64encode(hour + mark + _cover(number, mark)).rstrip(b"=").decode()


def _cover(text: bytes, mark: bytes) -> bytes:
    if not 0 < len(text) <= LONGEST:
        raise ValueError("no number")
    return bytes(a ^ b for a, b in zip(text, _hmac(b"cover", mark), strict=False))


def _hmac(purpose: bytes, text: bytes) -> bytes:
    key = sha256(b"ccenter.calls.tokens:" + purpose + b":" + settings.SECRET_KEY.encode()).digest()
    return hmac.digest(key, text, "sha256")
