"""What is not finished with a customer: for their card. Apps above this one `register` what they know. A query for each kind."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q

from ccenter.calls.models import CallbackEntry
from ccenter.calls.outcomes import source
from ccenter.office.rights import scoped
from crm.models import CustomerPhone, Duplicate, OutboundTask, Ticket
from crm.models.outbound import OVER
from crm.ticket_states import DONE

MOST = 10  # of a kind


class Thing(NamedTuple):
    """`kind` and `key` as in the history; `due` None when nothing is promised; `late`: it should have been done."""

    kind: str
    key: str
    title: str
    state: str
    due: datetime | None = None
    late: bool = False


Reader = Callable[[Any, list[int], datetime], list[Thing]]
_readers: list[Reader] = []


def register(read: Reader) -> None:
    """`read(user, customers, now)`: at most MOST, the most urgent first; asks for the rights of whoever looks. One query."""
    _readers.append(read)


def open_things(user: Any, customers: list[int], now: datetime) -> list[Thing]:
    """`customers`: the key of one, and of those merged into them. What is due first comes first."""
    found = [thing for read in _readers for thing in read(user, customers, now)]
    return sorted(found, key=lambda thing: (thing.due is None, thing.due or now))


def _tickets(user: Any, customers: list[int], now: datetime) -> list[Thing]:
    rows = scoped(user, Ticket.objects.filter(customer__in=customers).exclude(state__in=DONE), "tickets")
    return [
        Thing("ticket", str(one.pk), f"{one.number} {one.text[:80]}", one.get_state_display(), one.due_at, _past(one.due_at, now))
        for one in rows.order_by("due_at", "id")[:MOST]
    ]


def _outbound_tasks(user: Any, customers: list[int], now: datetime) -> list[Thing]:
    rows = OutboundTask.objects.filter(customer__in=customers).exclude(state__in=OVER)
    return [
        Thing("outbound", str(one.pk), one.reason, one.get_state_display(), one.due_at, _past(one.due_at, now))
        for one in scoped(user, rows, "outbound_tasks").order_by("due_at")[:MOST]
    ]


def _callbacks(user: Any, customers: list[int], now: datetime) -> list[Thing]:
    """Calls we owe to one of their numbers: known to everybody who sees the customer."""
    numbers = CustomerPhone.objects.filter(customer__in=customers).values("number")
    rows = CallbackEntry.objects.filter(Q(number__in=numbers), closed_at=None)
    return [
        Thing("callback", str(one.pk), source(one.source), one.get_state_display(), one.asked_at)
        for one in rows.order_by("asked_at")[:MOST]
    ]


def _duplicates(user: Any, customers: list[int], now: datetime) -> list[Thing]:
    who = Q(first__in=customers) | Q(second__in=customers)
    rows = scoped(user, Duplicate.objects.filter(who, state=Duplicate.State.OPEN), "duplicates")
    rows = rows.filter(first__merged_into=None, second__merged_into=None).select_related("first", "second")
    found = []
    for pair in rows[:MOST]:
        other = pair.second if pair.first_id in customers else pair.first
        found.append(Thing("duplicate", str(pair.pk), str(other), pair.get_reason_display()))
    return found


def _past(due: datetime | None, now: datetime) -> bool:
    return due is not None and due < now


for _reader in (_tickets, _outbound_tasks, _callbacks, _duplicates):
    register(_reader)
