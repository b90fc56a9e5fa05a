"""Money that comes in and goes back. Rows are only added; an order's `paid` is their sum, which the database checks."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.office import webhooks
from ccenter.office.audit import audit
from ccenter.office.errors import Conflict
from orders.models import Order, Payment
from orders.services.drafts import demand
from orders.states import State


@transaction.atomic
def receive(
    order: Order,
    by: Any,
    amount: Decimal,
    method: str,
    payer: str,
    *,
    paid_at: datetime | None = None,
    reference: str = "",
    note: str = "",
    more_than_owed: bool = False,
) -> Payment:
    """A payment. More than is owed is a slip of the pen unless `more_than_owed`: the rest is then owed to the customer."""
    order = _locked(order)
    demand(by, "payments.add")
    if order.state == State.DRAFT:
        raise Conflict({"order": [_("A draft is not paid. Submit it first.")]})
    if amount > max(order.balance, 0) and not more_than_owed:
        raise ValidationError({"amount": [_("More than is owed: %s") % max(order.balance, 0)]})
    return enter(order, by, amount, method, payer, paid_at=paid_at, reference=reference, note=note)


@transaction.atomic
def refund(order: Order, by: Any, amount: Decimal, method: str, payer: str, *, reference: str = "", note: str = "") -> Payment:
    """Money goes back to `payer`; `amount` > 0, at most what is owed to the customer (after a return, a cancellation ...)."""
    order = _locked(order)
    demand(by, "payments.refund")
    if amount <= 0 or amount > -order.balance:
        raise ValidationError({"amount": [_("At most what the customer is owed: %s") % max(-order.balance, 0)]})
    return enter(order, by, -amount, method, payer, kind=Payment.Kind.REFUND, reference=reference, note=note)


@transaction.atomic
def correct(payment: Payment, by: Any, note: str) -> Payment:
    """Undoes a payment that was entered by mistake, wholly, and says why."""
    order = _locked(payment.order)
    demand(by, "payments.refund")
    if not note.strip():
        raise ValidationError({"note": [_("Please say why.")]})
    if payment.kind != Payment.Kind.PAYMENT or payment.undone.filter(kind=Payment.Kind.CORRECTION).exists():
        raise Conflict({"payment": [_("This is undone already, or no payment.")]})
    if payment.amount > order.paid:
        raise Conflict({"payment": [_("It was paid back in part: it cannot be undone.")]})
    return enter(
        order,
        by,
        -payment.amount,
        payment.method,
        payment.payer,
        kind=Payment.Kind.CORRECTION,
        reference=payment.reference,
        note=note,
        of=payment,
    )


def enter(
    order: Order,
    by: Any,
    amount: Decimal,
    method: str,
    payer: str,
    *,
    kind: str = Payment.Kind.PAYMENT,
    paid_at: datetime | None = None,
    reference: str = "",
    note: str = "",
    of: Payment | None = None,
) -> Payment:
    """One row, and the order's new `paid`. For services that hold the order's lock; `amount` has its sign."""
    now = timezone.now()
    payment = Payment(
        order=order,
        kind=kind,
        method=method,
        payer=payer.strip(),
        amount=amount,
        currency=order.currency,
        paid_at=paid_at or now,
        reference=reference.strip(),
        note=note.strip(),
        of=of,
        by=by,
    )
    payment.clean_fields(exclude=["order", "of", "by"])
    if kind == Payment.Kind.PAYMENT and amount <= 0:
        raise ValidationError({"amount": [_("More than nothing.")]})
    if payment.paid_at > now:
        raise ValidationError({"paid_at": [_("Not in the future.")]})
    if payment.reference and kind == Payment.Kind.PAYMENT:
        payment.again = _undone(payment)
    payment.save(force_insert=True)
    before, order.paid = order.paid, order.paid + amount
    order.updated_at = now
    order.save(update_fields=["paid", "updated_at"])
    audit(by, f"payments.{kind}", payment, {"amount": (None, amount), "paid": (before, order.paid)})
    webhooks.tell(f"payment.{kind}", {"order": order.number, "amount": amount, "currency": order.currency, "method": method})
    return payment


def _locked(order: Order) -> Order:
    return Order.objects.select_for_update(of=("self",)).select_related("customer").get(pk=order.pk)


def _undone(payment: Payment) -> int:
    """How often the same money was entered and undone again; Conflict where it stands."""
    same = Payment.objects.filter(method=payment.method, reference=payment.reference)
    entered, undone = same.filter(kind=Payment.Kind.PAYMENT).count(), same.filter(kind=Payment.Kind.CORRECTION).count()
    if entered > undone:
        raise Conflict({"reference": [_("This payment is entered already.")]})
    return undone
