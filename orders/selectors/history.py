"""What the customer's pages of crm ask this app for: orders found by number, and orders, payments and returns in the history."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from ccenter.office.rights import scoped
from crm.selectors import finding
from crm.selectors import history as crm
from crm.selectors.history import Entry
from orders.models import Order, Payment, Return
from orders.selectors.orders import bought


def buyers(text: str, most: int) -> Iterable[int]:
    """Customers by an order's number or its beginning, four digits or more."""
    if not (text.isascii() and text.isdecimal() and 4 <= len(text) <= 16):
        return []
    rows = Order.objects.filter(number__startswith=text).order_by("number")
    return rows.values_list("customer", flat=True)[:most]


def orders(user: Any, customers: list[int], before: datetime | None, most: int) -> list[Entry]:
    rows = scoped(user, Order.objects.filter(customer__in=customers), "orders").prefetch_related("lines")
    rows = rows.filter(created_at__lt=before) if before else rows
    return [
        Entry(
            at=order.created_at,
            kind="order",
            key=order.number,
            title=bought(order),
            detail=order.note,
            amount=f"{order.total} {order.currency}",
            state=order.state,
            data={"balance": str(order.balance), "state_name": order.get_state_display()},
        )
        for order in rows.order_by("-created_at")[:most]
    ]


def payments(user: Any, customers: list[int], before: datetime | None, most: int) -> list[Entry]:
    rows = scoped(user, Payment.objects.filter(order__customer__in=customers), "payments").select_related("order")
    rows = rows.filter(at__lt=before) if before else rows
    return [
        Entry(
            at=payment.at,
            kind="payment",
            key=str(payment.pk),
            title=payment.get_kind_display(),
            detail=payment.get_method_display(),
            amount=f"{payment.amount} {payment.currency}",
            data={"order": payment.order.number},
        )
        for payment in rows.order_by("-at")[:most]
    ]


def returns(user: Any, customers: list[int], before: datetime | None, most: int) -> list[Entry]:
    rows = scoped(user, Return.objects.filter(order__customer__in=customers), "returns")
    rows = rows.filter(at__lt=before) if before else rows
    return [
        Entry(
            at=row.at,
            kind="return",
            key=str(row.pk),
            title=row.get_reason_display(),
            detail=row.note,
            amount=f"{row.value} {row.currency}",
            data={"order": row.number},
        )
        for row in rows.annotate(number=F("order__number"), currency=F("order__currency")).order_by("-at")[:most]
    ]


finding.register(buyers)
crm.register("order", orders, _("Orders"), "shopping-cart")
crm.register("payment", payments, _("Payments"), "cash")
crm.register("return", returns, _("Returns"), "package-import")
