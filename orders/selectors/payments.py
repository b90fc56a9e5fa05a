"""Reads of money: what came in, what is owed, and whether it all adds up."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from orders.models import Order, Payment
from orders.selectors.orders import listed
from orders.states import State


class Total(NamedTuple):
    """Of one way of paying and kind, on some days."""

    method: str
    kind: str
    currency: str
    number: int
    amount: Decimal


def owed() -> QuerySet[Order]:
    """Delivered, and not paid in full; the oldest first."""
    return listed().filter(balance__gt=0, state__in=[State.DELIVERED, State.RETURNED]).order_by("created_at", "id")


def to_refund() -> QuerySet[Order]:
    """Where we owe the customer money."""
    return listed().filter(balance__lt=0).order_by("created_at", "id")


def to_collect() -> QuerySet[Order]:
    """On their way with something to be collected at the door."""
    return listed().filter(state=State.SHIPPED, delivery__cod_amount__gt=0).order_by("created_at", "id")


def totals(first: date, last: date) -> list[Total]:
    """What was paid and paid back on these days of the centre. One query."""
    rows = Payment.objects.filter(paid_at__gte=_start(first), paid_at__lt=_start(last + timedelta(days=1)))
    grouped = rows.values("method", "kind", "currency").annotate(number=Count("id"), sum=Sum("amount"))
    return [
        Total(row["method"], row["kind"], row["currency"], row["number"], row["sum"])
        for row in grouped.order_by("method", "kind", "currency")
    ]


def unreconciled() -> QuerySet[Order]:
    """Orders whose `paid` is not the sum of their payments. None: the database sees to it; this is for those who check."""
    return Order.objects.annotate(sum=Coalesce(Sum("payments__amount"), Decimal(0))).filter(~Q(paid=F("sum")))


def payments() -> QuerySet[Payment]:
    """As lists show them."""
    return Payment.objects.select_related("order__customer", "by", "of")


def _start(day: date) -> Any:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
