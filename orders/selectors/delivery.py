"""Reads of delivery: what it costs, and who does it."""

from decimal import Decimal

from django.db.models import QuerySet

from orders.models import DeliveryMethod
from orders.selectors.standing import Standing, standing


def fee(method: DeliveryMethod, province: str, city: str, goods: Decimal, held: Standing | None = None) -> Decimal | None:
    """What it costs to bring goods of this value there; None: nobody goes there. One query without `held`."""
    return (held or standing()).fees(province, city, goods).get(method.pk)


def methods() -> QuerySet[DeliveryMethod]:
    """Those offered, with the carriers in use. Two queries."""
    return DeliveryMethod.objects.filter(active=True).prefetch_related("carriers")
