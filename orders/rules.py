"""Which gifts go with goods, and how many points they earn: pure functions of goods and rules, without a database."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol


class Bought(NamedTuple):
    """So many pieces of a product, and what the customer pays for them together."""

    quantity: int
    amount: Decimal


Lines = Mapping[int, Bought]  # by product; what is bought: no gifts, no delivery fee
Kinds = Mapping[int, Sequence[int]]  # product -> its category, the one above that ...


class Conditional(Protocol):
    """See `orders.models.conditions.Condition`."""

    pk: int
    product_id: int | None
    category_id: int | None
    level: str
    since: datetime | None
    until: datetime | None
    active: bool


class Giving(Conditional, Protocol):
    """See `orders.models.GiftRule`."""

    quantity: int
    least_quantity: int
    least_amount: Decimal
    repeat: bool
    most: int
    group: str


class Earning(Conditional, Protocol):
    """See `orders.models.EarningRule`."""

    points: int
    amount: Decimal


def holds(rule: Conditional, level: str, at: datetime) -> bool:
    """Whether a rule is in force for a customer of this level."""
    return rule.active and in_time(rule, at) and rule.level in ("", level)


def in_time(rule: Conditional, at: datetime) -> bool:
    """Whether this is in the rule's period."""
    return (rule.since is None or rule.since <= at) and (rule.until is None or at < rule.until)


def fits(rule: Conditional, product: int, kinds: Kinds) -> bool:
    """Whether a rule speaks of this product."""
    if rule.product_id is not None:
        return rule.product_id == product
    return rule.category_id is None or rule.category_id in kinds.get(product, ())


def given(lines: Lines, rules: Iterable[Giving], kinds: Kinds, level: str, at: datetime) -> dict[int, int]:
    """What each rule grants for these goods: {key of the rule: pieces of its gift}.

    Of rules that share a group only those with the highest amount that was reached are here; one of them may be chosen.
    """
    reached = [(rule, times) for rule in rules if holds(rule, level, at) and (times := _times(rule, lines, kinds))]
    best: dict[str, Decimal] = {}
    for rule, _count in reached:
        best[rule.group] = max(best.get(rule.group, Decimal(0)), rule.least_amount)
    return {
        rule.pk: min(rule.quantity * times, rule.most) if rule.most else rule.quantity * times
        for rule, times in reached
        if not rule.group or rule.least_amount == best[rule.group]
    }


def _times(rule: Giving, lines: Lines, kinds: Kinds) -> int:
    """How often the goods fulfil the rule's condition; one that does not repeat, once."""
    goods = [bought for product, bought in lines.items() if bought.quantity and fits(rule, product, kinds)]
    times = sum(bought.quantity for bought in goods) // rule.least_quantity
    if rule.least_amount:
        times = min(times, int(sum(bought.amount for bought in goods) // rule.least_amount))
    return times if rule.repeat else min(times, 1)


def wrongly_given(
    gifts: Mapping[int, int], granted: Mapping[int, int], group_of: Callable[[int], str]
) -> tuple[list[int], list[str]]:
    """What is wrong with gifts {rule: pieces}: the rules that grant less, and the groups of which more than one is taken."""
    taken = [rule for rule, pieces in gifts.items() if pieces]
    groups = [group for rule in taken if (group := group_of(rule))]
    too_much = [rule for rule in taken if gifts[rule] > granted.get(rule, 0)]
    return too_much, sorted({group for group in groups if groups.count(group) > 1})


def earned(lines: Lines, rules: Collection[Earning], kinds: Kinds, level: str, at: datetime) -> dict[int, int]:
    """The points that each of these products earns: by the one rule that is nearest to it."""
    in_force = [rule for rule in rules if holds(rule, level, at)]
    points = {}
    for product, bought in lines.items():
        near = [rule for rule in in_force if fits(rule, product, kinds)]
        if near:
            rule = min(near, key=lambda one: _rank(one, kinds.get(product, ())))
            points[product] = int(bought.amount // rule.amount) * rule.points
    return points


def kept(points: int, amount: Decimal, left: Decimal) -> int:
    """What remains of points earned with `amount` when the customer keeps goods for `left` of it."""
    return points if left >= amount else int(points * left / amount)


def _rank(rule: Earning, kinds: Sequence[int]) -> tuple[int, bool, Decimal, int]:
    """Smaller is nearer."""
    if rule.product_id is not None:
        near = -1
    else:
        near = len(kinds) if rule.category_id is None else list(kinds).index(rule.category_id)
    return near, not rule.level, -(Decimal(rule.points) / rule.amount), rule.pk
