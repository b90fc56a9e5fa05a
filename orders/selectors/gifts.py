"""Which gifts go with an order."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from orders import rules
from orders.models import GiftRule, Product
from orders.rules import Lines
from orders.selectors.products import kinds_of
from orders.selectors.stock import available


class Proposal(NamedTuple):
    """So many pieces of `product` may be given by `rule`; `left` are free (None: not kept in stock)."""

    rule: GiftRule
    product: Product
    quantity: int
    left: int | None


def in_force(at: datetime) -> QuerySet[GiftRule]:
    """With their gifts; not those whose gift is given away no more."""
    begun = Q(since=None) | Q(since__lte=at)
    return GiftRule.objects.filter(begun & (Q(until=None) | Q(until__gt=at)), active=True, gift__on_sale=True).select_related(
        "gift"
    )


def proposals(lines: Lines, level: str, at: datetime) -> list[Proposal]:
    """The gifts for these goods, for a customer of this level; the dearest condition first. Four queries."""
    found = {rule.pk: rule for rule in in_force(at)}
    granted = rules.given(lines, found.values(), kinds_of(list(lines)), level, at)
    left = available([found[pk].gift_id for pk in granted])
    order = sorted(granted, key=lambda pk: (-found[pk].least_amount, found[pk].name, pk))
    return [Proposal(found[pk], found[pk].gift, granted[pk], left[found[pk].gift_id]) for pk in order]
