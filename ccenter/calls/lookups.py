"""What a flow may ask the business data. The apps that know an answer register it; the shell runs it beside the core.

Arguments and values are text, as all variables of a call. A function answers None for "there is no such thing", and
raises when it cannot tell.
"""

from collections.abc import Callable

from django.db import close_old_connections, connection

from ccenter.calls.numbers import normalise, spelt

Values = dict[str, str]
LookUp = Callable[[Values], Values | None]

_functions: dict[str, LookUp] = {}
_more: dict[str, list[LookUp]] = {}


def register(kind: str, function: LookUp) -> None:
    """`function` answers look-ups of this kind. Raises ValueError when the kind is taken by another."""
    if _functions.setdefault(kind, function) is not function:
        raise ValueError(f"two functions for look-up {kind}")


def add_to(kind: str, function: LookUp) -> None:
    """`function` is given what was found, and answers further values: how orders adds to what crm knows of a caller."""
    _more.setdefault(kind, []).append(function)


def number(arguments: Values) -> Values | None:
    """Look-up "number" {number}: is what a caller typed a number we can call?

    callback_number: it, in E.164; callback_spoken: as people say it here.
    """
    read = normalise(arguments.get("number", ""))
    if not read.is_e164 or read.kind not in ("mobile", "fixed"):
        return None
    return {"callback_number": read.number, "callback_spoken": spelt(read.number)}


def kinds() -> frozenset[str]:
    """What is registered; a flow that asks for anything else is not published."""
    return frozenset(_functions)


def run(kind: str, arguments: Values) -> Values | None:
    """Answer a look-up; blocks on the database, so call it in a thread. Raises KeyError for an unknown kind."""
    if not connection.in_atomic_block:
        close_old_connections()  # a thread of a process that runs for months: the database may have been restarted
    found = _functions[kind](arguments)
    if found is None:
        return None
    values = dict(found)
    for function in _more.get(kind, []):
        values |= function(values) or {}
    return values
