"""What the entry of an order proposes while it is taken."""

from decimal import Decimal
from typing import NamedTuple

from django.utils import timezone

from orders.models import DeliveryMethod, Order
from orders.rules import Bought
from orders.selectors import gifts, points, stock
from orders.selectors.delivery import fees, methods
from orders.selectors.gifts import Proposal


class Way(NamedTuple):
    """A way of delivery and what it costs."""

    method: DeliveryMethod
    fee: Decimal


class Proposals(NamedTuple):
    """`available`: pieces that are free, by product (None: not kept in stock). `points`: the most that can be used."""

    gifts: list[Proposal]
    points: points.Offer
    will_earn: int
    ways: list[Way]
    available: dict[int, int | None]


def proposals(order: Order) -> Proposals:
    """For a draft with its lines and customer fetched. A number of queries that does not grow with the lines."""
    now, lines = timezone.now(), list(order.lines.all())
    bought: dict[int, Bought] = {}
    for line in lines:
        if line.gift_rule_id is None:
            bought[line.product_id] = Bought(line.quantity, line.amount)
    ways = list(methods())
    costs = fees([way.pk for way in ways], order.province, order.city, order.subtotal)
    return Proposals(
        gifts=gifts.proposals(bought, order.customer.level, now) if bought else [],
        points=points.proposal(order.customer, order.subtotal, now),
        will_earn=points.will_earn(bought, order.customer.level, now) if bought else 0,
        ways=[Way(way, costs[way.pk]) for way in ways if way.pk in costs],
        available=stock.available([line.product_id for line in lines]),
    )
