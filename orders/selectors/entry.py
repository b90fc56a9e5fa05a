"""What the entry of an order proposes while it is taken."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import timezone

from crm.models import Customer
from orders.models import DeliveryMethod, Order, PointExchange, Product
from orders.rules import Bought
from orders.selectors import gifts, points, products, stock
from orders.selectors.delivery import fees, methods
from orders.selectors.gifts import Proposal
from orders.selectors.orders import draft_of, drafts


class Way(NamedTuple):
    """A way of delivery and what it costs."""

    method: DeliveryMethod
    fee: Decimal


class Proposals(NamedTuple):
    """`available`: pieces that are free, by product (None: not kept in stock). `points`: the most that can be used to pay.

    `points_left`: what the customer has besides those the order takes; below 0: too few. `exchanges`: what can be had for points.
    """

    gifts: list[Proposal]
    points: points.Offer
    points_left: int
    exchanges: list[PointExchange]
    will_earn: int
    ways: list[Way]
    available: dict[int, int | None]


def proposals(order: Order) -> Proposals:
    """For a draft with its lines and customer fetched. A number of queries that does not grow with the lines."""
    now, lines = timezone.now(), list(order.lines.all())
    bought: dict[int, Bought] = {}
    for line in lines:
        if line.gift_rule_id is None and line.exchange_id is None:
            bought[line.product_id] = Bought(line.quantity, line.amount)
    there = points.usable(order.customer, now)
    return Proposals(
        gifts=gifts.proposals(bought, order.customer.level, now) if bought else [],
        points=points.proposal(order.customer, order.subtotal, now, order.points_exchanged, there=there),
        points_left=there - order.points_used - order.points_exchanged,
        exchanges=points.exchanges(order.customer, now, there=there),
        will_earn=points.will_earn(bought, order.customer.level, now) if bought else 0,
        ways=ways(order.province, order.city, order.subtotal),
        available=stock.available([line.product_id for line in lines]),
    )


def draft_for(user: Any, customer: Customer, call: str) -> Order | None:
    """The draft with which the entry goes on: that of the call, else what was begun for this customer before."""
    return draft_of(call, user) or drafts(user).filter(customer=customer).first()


def gifts_for(wanted: Mapping[str, int], level: str) -> list[Proposal]:
    """The gifts for so many of these products (by number), before they are an order. Six queries."""
    now, found = timezone.now(), Product.objects.in_bulk(list(wanted), field_name="code")
    prices = products.prices([product.pk for product in found.values()], now)
    bought = {
        product.pk: Bought(wanted[code], prices[product.pk] * wanted[code]) for code, product in found.items() if wanted[code] > 0
    }
    return gifts.proposals(bought, level, now) if bought else []


def ways(province: str, city: str, goods: Decimal) -> list[Way]:
    """The ways of delivery that go there, with what each costs for goods of this value. Three queries."""
    found = list(methods())
    costs = fees([method.pk for method in found], province, city, goods)
    return [Way(method, costs[method.pk]) for method in found if method.pk in costs]
