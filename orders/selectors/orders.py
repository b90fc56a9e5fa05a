"""Reads of orders, as screens show them."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Case, Q, QuerySet, Value, When

from orders.models import Order

SHOWN = 10  # of one customer


def orders_of(customers: Collection[int]) -> dict[int, list[Order]]:
    """By customer: the open ones, then the latest. One query."""
    last = Case(When(state__in=Order.OPEN, then=Value(0)), default=Value(1))
    rows = _orders().filter(customer__in=customers).order_by(last, "-created_at")
    found: dict[int, list[Order]] = defaultdict(list)
    for row in rows[: 10 * SHOWN]:
        if len(found[row.customer_id]) < SHOWN:
            found[row.customer_id].append(row)
    return found


def belongs(order: str, customer: int | None) -> bool:
    """Whether there is this order, of this customer if one is named."""
    whose = Q() if customer is None else Q(customer=customer)
    return Order.objects.filter(whose, number=order).exists()


def search(text: str, most: int = 20) -> list[Order]:
    """Orders by their number or its beginning (four digits or more), with `customer` and their phones."""
    if not (text.isdecimal() and len(text) >= 4):
        return []
    rows = _orders().select_related("customer").prefetch_related("customer__phones")
    return list(rows.filter(number__startswith=text).order_by("number")[: most + 1])


def _orders() -> QuerySet[Order]:
    return Order.objects.select_related("product")
