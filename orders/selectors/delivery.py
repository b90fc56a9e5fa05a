"""Reads of delivery: what it costs, and who does it."""

from decimal import Decimal

from django.db.models import Q, QuerySet

from orders.models import DeliveryFee, DeliveryMethod


def fee(method: DeliveryMethod, province: str, city: str, goods: Decimal) -> Decimal | None:
    """What it costs to bring goods of this value there; None: nobody goes there. One query."""
    return fees([method.pk], province, city, goods).get(method.pk)


def fees(methods: list[int], province: str, city: str, goods: Decimal) -> dict[int, Decimal]:
    """The same for several ways of delivery; those that do not go there are left out. One query."""
    there = Q(province="", city="") | Q(province=province, city="") | Q(province=province, city=city)
    found: dict[int, Decimal] = {}
    for rule in DeliveryFee.objects.filter(there, method__in=methods).order_by("province", "city"):  # the nearest last
        free = rule.free_from is not None and goods >= rule.free_from
        found[rule.method_id] = Decimal(0) if free else rule.fee
    return found


def methods() -> QuerySet[DeliveryMethod]:
    """Those offered, with the carriers in use. Two queries."""
    return DeliveryMethod.objects.filter(active=True).prefetch_related("carriers")
