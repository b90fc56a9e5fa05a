"""What the desk asks for: who is on the line, callbacks, search. Rights are those of `ccenter.calls.rights` for calls, those of
`ccenter.office.rights` for customers and what was done for them.

`pop` is read while a phone rings: its number of queries is fixed whatever there is to tell.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet

from ccenter.calls import rights
from ccenter.calls.history import steps
from ccenter.calls.models import Call, CallbackEntry, Queue, Recording
from ccenter.calls.numbers import normalise
from ccenter.desktop.shapes import Shape, Shapes
from ccenter.desktop.texts import Words
from ccenter.office.rights import seen
from ccenter.prepared import Prepared, Slot
from crm import scripts
from crm import selectors as crm
from crm.models import Customer, ServiceRecord
from crm.selectors.grouping import grouped
from orders import selectors as orders

Row = TypeVar("Row", bound=Model)
HISTORY = 10  # calls
CALLBACKS = 200
PROOFS = frozenset({"member", "member_pin"})
ROW = (
    "id", "direction", "started_at", "number", "ani", "dnis", "label", "queue", "agent", "answered_by", "outcome", "waited",
    "talked", "voicemail", "connected_at",
)  # fmt: skip

_calls_of = Prepared(lambda: Call.objects.filter(number__among=Slot("numbers")).only(*ROW).order_by("-started_at")[: HISTORY + 1])
_written = ServiceRecord.objects.filter(customer__among=Slot("customers")).order_by("-created_at")
_calls_about = Prepared(
    lambda: Call.objects.filter(pk__in=_written.values("call")[: 2 * HISTORY]).only(*ROW).order_by("-started_at")[: HISTORY + 1]
)
_recordings = Prepared(
    lambda: (
        Recording.objects.filter(call__among=Slot("calls"))
        .order_by("started_at")
        .only("id", "call", "state", "seconds", "deleted_at", "converted_at")
    )
)
_callbacks_to = Prepared(lambda: _open_callbacks().filter(number__among=Slot("numbers")))


# -- the pop ---------------------------------------------------------------------------------------------------


def pop(user: Any, ident: str, now: datetime, chosen: int | None = None) -> Shape | None:
    """All about the call that rings; None when there is none of this name, or it is not theirs.

    `chosen`: which of the customers who have the number it is, as the agent says; else as their record of the call does.
    """
    call = rights.call_of(user, ident)
    if call is None:
        return None
    known = int(call.customer) if call.customer.isdecimal() else None
    proven = known is not None and any(
        step["step"] == "lookup" and step["kind"] in PROOFS and step["result"] == "found" for step in call.steps
    )
    owners = crm.owners([call.number] if call.number else [], [known] if known else [])
    customers = seen(user, owners, "customers")
    customers.sort(key=lambda one: not (proven and one.pk == known))
    reader = Reader(user, customers, {call.number, *_numbers(customers)} - {""}, call)
    whole = [reader.customer(one, proven and one.pk == known) for one in customers]
    mine = [record for record in reader.records if record.call == call.id]
    own = next((record for record in mine if record.author_id == user.pk), None)
    chosen = chosen or (own.customer_id if own is not None else None)
    caller = next((one for one in customers if one.pk == chosen), None)
    if caller is None and (len(customers) == 1 or proven):
        caller = customers[0]
    said = _scripts(reader, call, caller)
    return {
        "call": _call(reader, call, now),
        "customers": whole,
        "new_customer": None if owners or call.direction == "internal" else _new_customer(reader.shapes, call),
        "history": reader.history_shapes,
        "record": reader.shapes.record(own) if own is not None else None,
        "handed_over": [reader.shapes.record(one) for one in mine if one.author_id != user.pk],
        "script": next((one["text"] for one in said if one["situation"] == "greeting"), ""),
        "scripts": said,
    }


def customer(user: Any, key: int) -> Shape | None:
    """One customer with all there is of them for this user; whether they may see them is asked before."""
    found = list(Customer.objects.filter(pk=key).defer("pin").prefetch_related("phones", "addresses"))
    if not found:
        return None
    reader = Reader(user, found, _numbers(found))
    return {**reader.customer(found[0], False), "history": reader.history_shapes}


class Reader:
    """What is on record of some customers and numbers, read at once."""

    def __init__(self, user: Any, customers: list[Customer], numbers: set[str], call: Call | None = None) -> None:
        keys = [one.pk for one in customers]
        self.notes = _seen(user, crm.notes(keys), "notes")
        self.orders = _seen(user, orders.orders_of(keys), "orders")
        self.complaints = _seen(user, crm.open_complaints(keys), "tickets")
        self.callbacks = _callbacks_to(numbers=list(numbers))
        self.history = _history(numbers, keys, call.id if call else "")
        calls = [one.id for one in self.history]
        self.records = told_of(user, crm.records_for([*calls, *([call.id] if call else [])], keys))
        self.recordings = _recordings(calls=calls) if calls else []
        self.shapes = Shapes(user)
        self.hearable = rights.hearable(user, calls) if self.recordings else set[str]()

    def customer(self, one: Customer, identified: bool) -> Shape:
        shapes = self.shapes
        phones = {phone.number for phone in one.phones.all()}
        return {
            **shapes.customer_row(one),
            "identified": identified,
            "salutation": scripts.salutation(one, one.language or "zh"),
            "notes": [shapes.note(note) for note in self.notes.get(one.pk, ())],
            "orders": [shapes.order(order) for order in self.orders.get(one.pk, ())],
            "complaints": [shapes.complaint(complaint) for complaint in self.complaints.get(one.pk, ())],
            "callbacks": [shapes.callback(owed, None) for owed in self.callbacks if owed.number in phones],
        }

    @property
    def history_shapes(self) -> list[Shape]:
        records: dict[str, list[ServiceRecord]] = defaultdict(list)
        for record in self.records:
            records[record.call].append(record)
        recordings: dict[str, list[Recording]] = defaultdict(list)
        for recording in self.recordings:
            recordings[recording.call].append(recording)
        return [self.shapes.history_call(one, records[one.id], recordings[one.id], self.hearable) for one in self.history]


def told_of(user: Any, rows: Sequence[ServiceRecord]) -> list[ServiceRecord]:
    """Of records those that a user sees, as the customers they are about. No query for who sees all."""
    kept = seen(user, rows, "records")
    people = {one.pk for one in seen(user, [row.customer for row in kept if row.customer], "customers")}
    return [row for row in kept if row.customer_id is None or row.customer_id in people]


def _seen(user: Any, found: Mapping[int, list[Row]], entity: str) -> dict[int, list[Row]]:
    """The same of rows by customer. One query, none for who sees all of them or none."""
    return grouped(seen(user, [row for rows in found.values() for row in rows], entity), sum(map(len, found.values())))


def _numbers(customers: Iterable[Customer]) -> set[str]:
    return {phone.number for one in customers for phone in one.phones.all()}


def _history(numbers: Collection[str], customers: Collection[int], without: str) -> list[Call]:
    """The last calls of these numbers, and those on which something was written about these customers. Two queries."""
    rows = [*_calls_of(numbers=list(numbers)), *(_calls_about(customers=list(customers)) if customers else ())]
    found = {call.id: call for call in rows if call.id != without}
    return sorted(found.values(), key=lambda call: (call.started_at, call.id), reverse=True)[:HISTORY]


def _call(reader: Reader, call: Call, now: datetime) -> Shape:
    shapes = reader.shapes
    words = Words(shapes.known.queues, shapes.known.flows, shapes.known.agents, lambda number: _spoken(shapes, number))
    path = []
    handed = ""
    for step in steps(call):
        handed = step["agent"] if step["step"] == "transfer" else handed
        if text := words.of(step):
            path.append({"at": step["at"], "step": step["step"], "text": text, "seconds": step["seconds"]})
    until = call.ended_at or call.connected_at or now
    waited = call.waited if call.ended_at else max(0.0, (until - call.queued_at).total_seconds()) if call.queued_at else 0.0
    return {
        "id": call.id,
        "direction": call.direction,
        "state": call.state,
        "number": shapes.number_of_call(call),
        "province": call.province,
        "city": call.city,
        "name": call.name,
        "dnis": call.dnis if call.direction == "in" else "",
        "label": call.label,
        "language": call.language,
        "queue": shapes.queue(call.queue),
        "agent": shapes.agent(call.agent or call.answered_by),
        "started_at": call.started_at,
        "queued_at": call.queued_at,
        "connected_at": call.connected_at,
        "ended_at": call.ended_at,
        "waited": round(waited, 3),
        "path": path,
        "transferred_by": shapes.agent(handed),
    }


def _spoken(shapes: Shapes, number: str) -> str:
    read = normalise(number)
    return shapes.number(read.number or number, "", "")["text"]


def _new_customer(shapes: Shapes, call: Call) -> Shape:
    return {
        "name": call.name if any("一" <= sign <= "鿿" for sign in call.name) else "",
        "title": "",
        "language": call.language,
        "consent": "",
        "province": call.province,
        "city": call.city,
        "district": "",
        "address": "",
        "phones": [shapes.number_of_call(call)] if call.number else [],
    }


def _scripts(reader: Reader, call: Call, caller: Customer | None) -> list[Shape]:
    language = call.language or (caller.language if caller else "") or "zh"
    ordered = reader.orders.get(caller.pk, ()) if caller else ()
    known = reader.shapes.known
    seat = rights.seat_of(reader.shapes.user)
    situation = scripts.Situation(call.queue, call.label, language, caller, before=bool(reader.history))
    product = next((line.name for order in ordered for line in order.lines.all()), "")
    values = scripts.values_for(situation, company=known.company, agent=seat.number if seat else "", product=product)
    return scripts.fitting(known.scripts, situation, values)


# -- callbacks, follow-ups, search -----------------------------------------------------------------------------


def _open_callbacks() -> QuerySet[CallbackEntry]:
    return CallbackEntry.objects.filter(closed_at=None).order_by("asked_at", "id")


def owed_in(user: Any) -> QuerySet[CallbackEntry]:
    """Open and closed ones of the queues a user serves or leads; those of no queue are everybody's, and one's own one's own.

    Who has neither seat nor queues sees none.
    """
    try:
        scope = rights.scope_of(user)
    except PermissionDenied:
        return CallbackEntry.objects.none()
    if scope.everything:
        return CallbackEntry.objects.all()
    seat = rights.seat_of(user)
    served = rights.served_queues(seat).values("code") if seat else Queue.objects.none().values("code")
    own = Q(agent=seat.number) | Q(offered_to=seat.number) | Q(by=seat.number) if seat else Q()
    return CallbackEntry.objects.filter(own | Q(queue="") | Q(queue__in=scope.queues) | Q(queue__in=served))


def callbacks_for(user: Any) -> QuerySet[CallbackEntry]:
    """Those of them that are open, the oldest first."""
    return owed_in(user).filter(closed_at=None).order_by("asked_at", "id")


def callbacks(user: Any) -> list[Shape]:
    """Whom to call back, the oldest first, with the customer where the number is known."""
    owed = list(callbacks_for(user)[:CALLBACKS])
    who = owners_by_number(user, {one.number for one in owed})
    shapes = Shapes(user)
    return [shapes.callback(one, who.get(one.number)) for one in owed]


def owners_by_number(user: Any, numbers: Collection[str]) -> dict[str, Customer]:
    """One customer for each number that somebody has whom this user sees."""
    found: dict[str, Customer] = {}
    for one in seen(user, crm.owners(numbers, most=len(numbers) + CALLBACKS), "customers"):
        for phone in one.phones.all():
            if phone.number in numbers:
                found.setdefault(phone.number, one)
    return found


def records(user: Any, rows: Iterable[ServiceRecord]) -> list[Shape]:
    """Records as they are told."""
    shapes = Shapes(user)
    return [shapes.record(one) for one in rows]


def followups(user: Any, today: date) -> list[Shape]:
    """The user's follow-ups that are due, each with the number of its call."""
    rows = crm.due(user, today)
    calls = Call.objects.only("id", "number", "ani").in_bulk([one.call for one in rows])
    shapes = Shapes(user)
    nobody = {"text": "", "token": ""}
    return [
        {**told, "number": shapes.number_of_call(calls[told["call"]]) if told["call"] in calls else nobody}
        for told in records(user, rows)
    ]


def search(user: Any, text: str, most: int = 20) -> Shape:
    """Customers and orders; `more`: there are more than these."""
    shapes = Shapes(user)
    customers, found = crm.search(text, user, most), orders.search(user, text.strip(), most)
    return {
        "customers": [shapes.customer_row(one) for one in customers[:most]],
        "orders": [{**shapes.order(one), "customer": shapes.customer_row(one.customer)} for one in found[:most]],
        "more": len(customers) > most or len(found) > most,
    }
