"""What the entry of an order proposes while it is taken."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from crm.models import Customer
from orders.models import DeliveryMethod, Order, PointExchange
from orders.rules import Bought
from orders.selectors import gifts, points
from orders.selectors.gifts import Proposal
from orders.selectors.orders import drafts
from orders.selectors.shelf import Shelf
from orders.selectors.standing import Standing, standing


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


def proposals(order: Order, shelf: Shelf | None = None) -> Proposals:
    """For a draft with its lines and customer fetched. Four queries, two with the draft's shelf."""
    shelf, lines = shelf or Shelf(), list(order.lines.all())
    shelf.fetch(keys=[*(line.product_id for line in lines), *gift_keys(shelf)])
    bought: dict[int, Bought] = {}
    for line in lines:
        if line.gift_rule_id is None and line.exchange_id is None:
            bought[line.product_id] = Bought(line.quantity, line.amount)
    now, level, taken = shelf.at, order.customer.level, order.points_exchanged
    there = points.usable(order.customer, now)
    return Proposals(
        gifts=gifts.proposals(bought, level, now, shelf) if bought else [],
        points=points.proposal(order.customer, order.subtotal, now, taken, there=there, standing=shelf.standing),
        points_left=there - order.points_used - taken,
        exchanges=points.exchanges(order.customer, now, there=there),
        will_earn=points.will_earn(bought, level, now, shelf) if bought else 0,
        ways=ways(order.province, order.city, order.subtotal, shelf.standing),
        available={line.product_id: shelf.left(line.product_id) for line in lines},
    )


def gift_keys(shelf: Shelf) -> list[int]:
    """The products that rules in force give away."""
    return [rule.gift_id for rule in shelf.standing.gifts_at(shelf.at)]


def draft_for(user: Any, customer: Customer, call: str) -> Order | None:
    """The draft with which the entry goes on: that of the call, else what was begun for this customer before.

    Its `number` and `call` only. One query.
    """
    begun = drafts(user, customer.pk, call)
    return next((one for one in begun if one.call == call != ""), begun[0] if begun else None)


def gifts_for(wanted: Mapping[str, int], level: str, shelf: Shelf) -> list[Proposal]:
    """The gifts for so many of these products (by number), before they are an order. No query where they are on the shelf."""
    bought = {
        product.pk: Bought(wanted[code], shelf.price(product.pk) * wanted[code])
        for code, product in shelf.coded(list(wanted)).items()
        if wanted[code] > 0
    }
    return gifts.proposals(bought, level, shelf.at, shelf) if bought else []


def ways(province: str, city: str, goods: Decimal, held: Standing | None = None) -> list[Way]:
    """The ways of delivery that go there, with what each costs for goods of this value. One query without `held`."""
    held = held or standing()
    costs = held.fees(province, city, goods)
    return [Way(method, costs[method.pk]) for method in held.methods if method.pk in costs]
