"""Telephone numbers as people see and dial them.

Leads see whole numbers, an agent "138****5678" unless they have the right `calls.see_numbers` (`rights.sees_numbers`). What a
screen dials is a token: it says where the number stands ("p12": the telephone of that id), not what it is, and is signed for one
user and a day's work.
Kinds of places: c call, b callback, v voicemail, t channel of a trunk; other apps `register` theirs.
"""

from collections.abc import Callable
from typing import Any, TypedDict

from django.core import signing

from ccenter.calls.models import Call, CallbackEntry, TrunkChannel, Voicemail
from ccenter.calls.numbers import spelt
from ccenter.calls.rights import sees_numbers

LIFE = 16 * 3600  # seconds

_places: dict[str, Callable[[str], str | None]] = {}


class BadToken(Exception):
    """Not a token, another person's, an old one, or what it names is not there any more."""


class Number(TypedDict):
    """`text` for people; `token` to dial by, "" when nobody can be called there."""

    text: str
    token: str


def register(kind: str, find: Callable[[str], str | None]) -> None:
    """`find(key)` gives the number at a place of this kind (one small letter), None when there is none."""
    _places[kind] = find


def shown(number: str, kind: str, key: object, user: Any) -> Number:
    """A number (E.164, or as the network told it) that stands at this place, for this user."""
    token = token_of(kind, key, user) if number.startswith("+") else ""
    return {"text": spelt(number) if sees_numbers(user) else masked(number), "token": token}


def token_of(kind: str, key: object, user: Any) -> str:
    return _signer(user).sign(f"{kind}{key}")


def number_of(token: str, user: Any) -> str:
    """The number to dial, as one dials it here. Raises BadToken."""
    try:
        place = _signer(user).unsign(token, max_age=LIFE)
    except signing.BadSignature as error:
        raise BadToken from error
    find = _places.get(place[:1])
    number = find(place[1:]) if find else None
    if not number:
        raise BadToken
    return spelt(number)


def _signer(user: Any) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"ccenter.number.{user.pk}")


def masked(number: str) -> str:
    """ "138****5678", "0571****0000", "+141****0123"; seats and service numbers of up to six digits are no secret."""
    text = spelt(number)
    if len(text) <= 6:
        return text
    return f"{text[:-8]}****{text[-4:]}" if len(text) >= 10 else f"{text[:2]}****{text[-2:]}"


register("c", lambda key: Call.objects.filter(pk=key).values_list("number", flat=True).first())
register("b", lambda key: CallbackEntry.objects.filter(pk=key).values_list("number", flat=True).first())
register("v", lambda key: Voicemail.objects.filter(pk=key).values_list("caller", flat=True).first())
register("t", lambda key: TrunkChannel.objects.filter(pk=key).values_list("number", flat=True).first())
