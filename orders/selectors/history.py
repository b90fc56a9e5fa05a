"""Orders, payments and returns in a customer's history, and the orders that are open."""

from datetime import datetime
from typing import Any

from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ccenter.office.rights import scoped
from crm.selectors import history as crm
from crm.selectors.history import Entry
from crm.selectors.open_things import MOST, Thing
from crm.selectors.open_things import register as register_open
from orders.models import Order, Payment, Return
from orders.selectors.orders import bought


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


def open_orders(user: Any, customers: list[int], now: datetime) -> list[Thing]:
    """Those that are on their way, a draft among them."""
    rows = scoped(user, Order.objects.filter(customer__in=customers, state__in=Order.OPEN), "orders")
    found = rows.prefetch_related("lines").order_by("-created_at")[:MOST]
    return [Thing("order", one.number, f"{one.number} {bought(one)}", one.get_state_display()) for one in found]


def page(entry: Entry) -> str:
    """The card of the order it is about."""
    return reverse("orders:order", args=[entry.data.get("order") or entry.key])


register_open(open_orders)
crm.register("order", orders, _("Orders"), "shopping-cart", page)
crm.register("payment", payments, _("Payments"), "cash", page)
crm.register("return", returns, _("Returns"), "package-import", page)
