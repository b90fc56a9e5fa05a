"""Which gifts go with an order."""

from datetime import datetime
from typing import NamedTuple

from orders import rules
from orders.models import GiftRule, Product
from orders.rules import Lines
from orders.selectors.shelf import Shelf


class Proposal(NamedTuple):
    """So many pieces of `product` may be given by `rule`; `left` are free (None: not kept in stock)."""

    rule: GiftRule
    product: Product
    quantity: int
    left: int | None


def in_force(shelf: Shelf) -> list[GiftRule]:
    """Not those whose gift is given away no more."""
    found = shelf.standing.gifts_at(shelf.at)
    shelf.fetch(keys=[rule.gift_id for rule in found])
    return [rule for rule in found if shelf.product(rule.gift_id).on_sale]


def granted(lines: Lines, level: str, shelf: Shelf) -> dict[int, int]:
    """How many pieces of its gift each rule gives for these goods, to a customer of this level."""
    return rules.given(lines, in_force(shelf), shelf.kinds(list(lines)), level, shelf.at)


def proposals(lines: Lines, level: str, at: datetime, shelf: Shelf | None = None) -> list[Proposal]:
    """The gifts for these goods, for a customer of this level; the dearest condition first. Two queries without a shelf."""
    shelf = shelf or Shelf(at)
    shelf.fetch(keys=[*lines, *(rule.gift_id for rule in shelf.standing.gifts_at(shelf.at))])
    given, known = granted(lines, level, shelf), shelf.standing.gift_rules
    order = sorted(given, key=lambda pk: (-known[pk].least_amount, known[pk].name, pk))
    return [Proposal(known[pk], shelf.product(known[pk].gift_id), given[pk], shelf.left(known[pk].gift_id)) for pk in order]
