"""Invoices: handed out once for an order, withdrawn with a reason, never changed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.office.audit import audit
from ccenter.office.errors import Conflict
from orders.models import Invoice, Order
from orders.services.drafts import demand
from orders.states import VOID


@transaction.atomic
def issue(order: Order, by: Any, title: str = "", tax_number: str = "") -> Invoice:
    """An invoice over what the customer pays, made out as the order wishes unless told otherwise.

    Conflict for an order that is not to be, that costs nothing, or that has one.
    """
    order = Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
    demand(by, "invoices.add")
    amount = order.total - order.returned_value
    if order.state in VOID or amount <= 0:
        raise Conflict({"order": [_("There is nothing to pay for this order.")]})
    if standing := order.invoices.filter(voided_at=None).first():
        raise Conflict({"order": [_("It has an invoice already: %s") % standing.number]})
    invoice = Invoice(
        number=_next_number(),
        order=order,
        title=title.strip() or order.invoice_title or order.recipient,
        tax_number=tax_number.strip() or order.invoice_tax_number,
        amount=amount,
        currency=order.currency,
        by=by,
    )
    invoice.clean_fields(exclude=["order", "by"])
    invoice.save(force_insert=True)
    audit(by, "invoices.add", invoice, {"amount": (None, amount), "order": (None, order.number)})
    return invoice


@transaction.atomic
def void(invoice: Invoice, by: Any, reason: str) -> Invoice:
    """Withdraws an invoice: another can then be issued."""
    invoice = Invoice.objects.select_for_update().get(pk=invoice.pk)
    demand(by, "invoices.void")
    if not reason.strip():
        raise ValidationError({"reason": [_("Please say why.")]})
    if invoice.voided_at is not None:
        raise Conflict({"invoice": [_("It is withdrawn already.")]})
    invoice.voided_at, invoice.void_reason = timezone.now(), reason.strip()
    invoice.clean_fields(exclude=["order", "by"])
    invoice.save(update_fields=["voided_at", "void_reason"])
    audit(by, "invoices.void", invoice, {"void_reason": ("", invoice.void_reason)})
    return invoice


def _next_number() -> str:
    """Year and a running number: "2026-000123"."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_invoice_number')")
        return f"{timezone.localtime().year}-{cursor.fetchone()[0]:06}"
