"""What people write at the desk, where it takes more than one app to say whether it is right."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ccenter.calls import requests, rights
from ccenter.calls.models import Request
from ccenter.desktop import selectors
from ccenter.office.rights import scoped
from crm import services as crm
from crm.models import Complaint, Customer, ServiceRecord
from orders.models import Order


class NotThere(Exception):
    """There is no such thing, or not for them."""


@transaction.atomic
def wrap_up(user: Any, call: str, fields: dict[str, Any]) -> tuple[ServiceRecord, bool]:
    """The user's record of a call, made or changed; whether it is new. Raises NotThere, ValidationError."""
    if not rights.may_see_call(user, call):
        raise NotThere
    seat = rights.seat_of(user)
    there = ServiceRecord.objects.filter(call=call, author=user).select_related("customer").first()
    return crm.save_record(call, user, seat.number if seat else "", _with_order(user, fields, there))


@transaction.atomic
def change_record(record: ServiceRecord, fields: dict[str, Any], by: Any) -> ServiceRecord:
    return crm.change_record(record, _with_order(by, fields, record), by)


def _with_order(user: Any, fields: dict[str, Any], record: ServiceRecord | None) -> dict[str, Any]:
    """An order is its customer's; where nobody is named, its customer is meant."""
    wanted = dict(fields)
    number = wanted.get("order", record.order if record else "")
    if not number or not {"order", "customer"} & set(wanted):
        return wanted
    customer = wanted.get("customer", record.customer if record else None)
    wanted["customer"] = _owner(user, number, customer)
    return wanted


def _owner(user: Any, number: str, customer: Customer | None) -> Customer:
    order = scoped(user, Order.objects.select_related("customer").filter(number=number), "orders").first()
    if order is None:
        raise ValidationError({"order": _("There is no such order.")})
    if customer is not None and order.customer_id != customer.pk:
        raise ValidationError({"order": _("This order is another customer's.")})
    return order.customer


def add_complaint(user: Any, customer: Customer, text: str, **fields: Any) -> Complaint:
    """Raises NotThere for a call that is not theirs, ValidationError."""
    if fields.get("call") and not rights.may_see_call(user, fields["call"]):
        raise NotThere
    if fields.get("order"):
        _owner(user, fields["order"], customer)
    return crm.add_complaint(customer, text, user, **fields)


def close_callback(user: Any, ident: str, result: str) -> Request:
    """Asks the core that nobody calls there any more, for this reason. Raises NotThere, also when somebody was quicker."""
    owed = selectors.callbacks_for(user).filter(pk=ident).first()
    if owed is None:
        raise NotThere
    return requests.submit(user, "", "CloseCallback", {"callback": owed.pk, "reason": result})
