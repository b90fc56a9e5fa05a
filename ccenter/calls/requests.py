"""What people ask of the core: a click becomes a row and a NOTIFY, the answer comes back as a fact.

The web writes (`submit`) and waits (`wait_for`). The cti process LISTENs on channel "request" and on every notification, and
after every reconnect, hands what `Inbox.fetch` returns to the core. The recorder folds the answer into the row.
"""

import time
from collections import OrderedDict
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import msgspec
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now

from ccenter.acd import events
from ccenter.calls.models import Request

CHANNEL = "request"
FRESH = 10.0  # seconds after which nobody means a click any more
REMEMBERED = 10_000  # requests an inbox knows it has handed over
REQUESTS = (*get_args(events.AnyRequest), *get_args(events.AnyOfficeRequest))
ACTIONS: dict[str, type[events.Request]] = {kind.__name__: kind for kind in REQUESTS}


class BadRequest(Exception):
    """An unknown action or params that do not fit it; the text says which."""


class KeyReused(Exception):
    """The idempotency key was used before, for something else."""


def to_event(row: Request) -> events.AnyRequest:
    """The core's event for a row. Raises BadRequest."""
    kind = ACTIONS.get(row.action)
    if kind is None:
        raise BadRequest(f"no action {row.action!r}")
    if not isinstance(row.params, dict):
        raise BadRequest("params: must be an object")
    known = set(kind.__struct_fields__) - {"request", "by", "agent"}
    if unknown := set(row.params) - known:
        raise BadRequest(f"{row.action} has no {', '.join(sorted(unknown))}")
    by = row.user.get_username() if row.user else ""
    fields = {**row.params, "type": row.action, "request": str(row.id), "by": by, "agent": row.agent}
    try:
        return msgspec.convert(fields, kind)  # type: ignore[return-value]  # each kind is one of them
    except msgspec.ValidationError as error:
        raise BadRequest(str(error).replace("`$.", "`")) from error


def submit(
    user: AbstractBaseUser | None, agent: str, action: str, params: dict[str, Any] | None = None, key: str = ""
) -> Request:
    """Asks the core to do something at an agent's seat. With a `key` used before by this user: the request of then. `user` None:
    the system by itself.

    Raises BadRequest, and KeyReused when that one asked for something else.
    """
    row = Request(user=user, agent=agent, action=action, params=params or {}, key=key)
    to_event(row)
    if key and (known := Request.objects.filter(user=user, key=key).first()):
        return _same(known, row)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(row.id)))
    except IntegrityError:  # the same click, at the same time
        return _same(Request.objects.get(user=user, key=key), row)
    return row


def _same(known: Request, row: Request) -> Request:
    if (known.agent, known.action, known.params) != (row.agent, row.action, row.params):
        raise KeyReused(known.id)
    return known


def wait_for(request: UUID, timeout: float) -> Request:
    """The row once it is answered, or as it is after `timeout` seconds. Raises Request.DoesNotExist.

    Looks again and again: an answer takes some 30 ms, and a look at a row by its key costs less than a connection that listens.
    """
    deadline = time.monotonic() + timeout
    pause = 0.008
    while True:
        row: Request = Request.objects.get(pk=request)
        left = deadline - time.monotonic()
        if row.state != Request.State.PENDING or left <= 0:
            return row
        time.sleep(min(pause, left))
        pause = min(pause * 1.25, 0.1)


def pending_requests() -> list[Request]:
    """Unanswered requests, oldest first. Those that waited too long (the core was away) are refused, and not among them."""
    late = ExpressionWrapper(Q(created_at__lt=Now() - timedelta(seconds=FRESH)), BooleanField())
    pending = Request.objects.filter(state=Request.State.PENDING).select_related("user").annotate(late=late)
    fresh = []
    for row in pending.order_by("created_at"):
        if row.late:
            refuse(row.id, "expired")
        else:
            fresh.append(row)
    return fresh


def refuse(request: UUID, reason: str) -> None:
    """Refuses a request that the core never saw."""
    Request.objects.filter(pk=request, state=Request.State.PENDING).update(
        state=Request.State.REFUSED, reason=reason, answered_at=Now()
    )


def not_taken_up() -> Q:
    """Requests that the core has not answered in time."""
    late = Q(state=Request.State.PENDING, created_at__lt=Now() - timedelta(seconds=FRESH))
    return late | Q(state=Request.State.REFUSED, reason="expired")


def ask_again(idents: Collection[UUID]) -> int:
    """Asks once more what was not taken up, as the same requests: one that the core had after all it does not do again.

    For the system's own; a person may have changed their mind. How many.
    """
    late = Request.objects.filter(not_taken_up(), pk__in=idents)
    found = late.update(state=Request.State.PENDING, reason="", answered_at=None, created_at=Now())
    if found:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
    return found


def withdraw(ident: UUID) -> bool:
    """Takes back what was not taken up; False when the core has it, or may have it just now."""
    late = Request.objects.filter(not_taken_up(), pk=ident)
    return bool(late.update(state=Request.State.REFUSED, reason="withdrawn", answered_at=Now()))


class Inbox:
    """Requests on their way to the core, each handed over once. For the cti process; not for several threads."""

    def __init__(self, given: Iterable[str] = ()) -> None:
        """`given`: ids of requests the core knows already, from the journal's replay."""
        self._given = OrderedDict.fromkeys(given)

    def fetch(self) -> list[events.AnyRequest]:
        """The requests that are new. A row that cannot be understood is refused. Raises DatabaseError."""
        fresh = []
        for row in pending_requests():
            ident = str(row.id)
            if ident in self._given:
                continue
            try:
                fresh.append(to_event(row))
            except BadRequest:
                refuse(row.id, "bad_request")
                continue
            self._given[ident] = None
            while len(self._given) > REMEMBERED:
                self._given.popitem(last=False)
        return fresh
