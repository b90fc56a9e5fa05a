"""Rows as the desk's REST interface tells them (shapes: see `api_urls`). Only names are asked of the database."""

from collections.abc import Iterable
from typing import Any

from ccenter.calls import tokens
from ccenter.calls.models import Call, CallbackEntry, Recording
from ccenter.calls.rights import scope_of
from ccenter.desktop import texts
from ccenter.desktop.callbacks import words
from ccenter.desktop.guides import guides
from ccenter.office.rest import shown
from crm.models import Complaint, Customer, CustomerNote, ServiceRecord
from orders.models import Order
from orders.selectors.orders import bought, pieces

Shape = dict[str, Any]


class Shapes:
    """For one reader; `known` are the names they are told by."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.known = guides()

    def number(self, number: str, kind: str, key: object) -> tokens.Number:
        return tokens.shown(number, kind, key, self.user)

    def number_of_call(self, call: Call) -> tokens.Number:
        return self.number(call.number or call.ani, "c", call.id)

    def queue(self, code: str) -> Shape | None:
        return {"code": code, "name": self.known.queues.get(code) or code} if code else None

    def agent(self, number: str) -> Shape | None:
        return {"number": number, "name": self.known.agents.get(number, "")} if number else None

    def customer_row(self, customer: Customer) -> Shape:
        """With phones and addresses fetched."""
        main = customer.main_address
        return {
            "id": customer.pk,
            "version": customer.version,
            "number": customer.number,
            "name": customer.name,
            "title": customer.title,
            "level": customer.level,
            "language": customer.language,
            "points": customer.points,
            "consent": customer.consent,
            "province": main.province if main else "",
            "city": main.city if main else "",
            "district": main.district if main else "",
            "address": shown(self.user, "address", main.street) if main else "",
            "phones": [{"id": phone.pk, **self.number(phone.number, "p", phone.pk)} for phone in customer.phones.all()],
        }

    def note(self, note: CustomerNote) -> Shape:
        seat = getattr(note.author, "seat", None)
        author = str(seat) if seat else note.author.get_username()
        return {"id": note.pk, "text": note.text, "author": author, "created_at": note.created_at}

    def order(self, order: Order) -> Shape:
        return {
            "number": order.number,
            "product": bought(order),
            "quantity": pieces(order),
            "amount": str(order.total),
            "state": order.state,
            "state_name": order.get_state_display(),
            "open": order.state in Order.OPEN,
            "created_at": order.created_at,
        }

    def complaint(self, complaint: Complaint) -> Shape:
        return {
            "id": complaint.pk,
            "customer": complaint.customer_id,
            "call": complaint.call,
            "order": complaint.order,
            "category": self.known.tree.shown(complaint.category_id),
            "text": complaint.text,
            "state": complaint.state,
            "state_name": complaint.get_state_display(),
            "resolution": complaint.resolution,
            "created_at": complaint.created_at,
            "due_at": complaint.due_at,
            "closed_at": complaint.closed_at,
        }

    def record(self, record: ServiceRecord) -> Shape:
        return {
            "id": record.pk,
            "call": record.call,
            "agent": self.agent(record.agent),
            "customer": {"id": record.customer.pk, "name": record.customer.name} if record.customer else None,
            "order": record.order,
            "category": self.known.tree.shown(record.category_id),
            "result": record.result,
            "result_name": record.get_result_display() if record.result else "",
            "summary": record.summary,
            "follow_up": record.follow_up,
            "followed_up_at": record.followed_up_at,
            "created_at": record.created_at,
            "updated_at": record.updated_at,
            "editable": may_change(self.user, record),
        }

    def callback(self, callback: CallbackEntry, customer: Customer | None) -> Shape:
        return {
            "id": callback.pk,
            "kind": callback.kind,
            "kind_name": words.kind(callback.kind),
            "state": callback.state,
            "state_name": callback.get_state_display(),
            "label": callback.label,
            "dnis": callback.dnis,
            "due_at": callback.due_at,
            "attempts": callback.attempts,
            "number": self.number(callback.number, "b", callback.pk),
            "customer": self.customer_row(customer) if customer else None,
            "queue": self.queue(callback.queue),
            "source": callback.source,
            "source_name": texts.source(callback.source),
            "reason": callback.reason,
            "language": callback.language,
            "asked_at": callback.asked_at,
            "times_asked": callback.times_asked,
            "call": callback.call,
        }

    def history_call(
        self, call: Call, records: Iterable[ServiceRecord], recordings: Iterable[Recording], hearable: set[str]
    ) -> Shape:
        return {
            "id": call.id,
            "direction": call.direction,
            "at": call.started_at,
            "number": self.number_of_call(call),
            "dnis": call.dnis if call.direction == "in" else "",
            "label": call.label,
            "queue": self.queue(call.queue),
            "agent": self.agent(call.agent or call.answered_by),
            "outcome": call.outcome,
            "outcome_name": texts.outcome(call.outcome),
            "waited": call.waited,
            "talked": call.talked,
            "voicemail": call.voicemail,
            "records": [self.record(record) for record in records],
            "recordings": [_recording(one, call.id in hearable) for one in recordings],
        }


def may_change(user: Any, record: ServiceRecord) -> bool:
    """Who wrote it, and a lead of that seat."""
    if record.author_id == user.pk:
        return True
    scope = scope_of(user)
    return scope.lead and scope.sees_seat(record.agent)


def _recording(recording: Recording, hears: bool) -> Shape:
    state = "deleted" if recording.deleted_at else "ready" if recording.converted_at else recording.state
    audio = f"/api/recordings/{recording.id}/audio/" if hears and state == "ready" else None
    return {"id": recording.id, "state": state, "seconds": recording.seconds, "audio": audio}
