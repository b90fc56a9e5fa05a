"""Rules of gifts and points, without a database."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from orders import rules
from orders.rules import Bought

NOW = datetime(2026, 11, 22, 12)
PAN, POT, SHOE = 1, 2, 3
KITCHEN, HOUSE, CLOTHES = 10, 11, 12
KINDS = {PAN: [KITCHEN, HOUSE], POT: [KITCHEN, HOUSE], SHOE: [CLOTHES]}


class Gift(NamedTuple):
    pk: int = 1
    product_id: int | None = None
    category_id: int | None = None
    level: str = ""
    since: datetime | None = None
    until: datetime | None = None
    active: bool = True
    quantity: int = 1
    least_quantity: int = 1
    least_amount: Decimal = Decimal(0)
    repeat: bool = False
    most: int = 0
    group: str = ""


class Earn(NamedTuple):
    pk: int = 1
    product_id: int | None = None
    category_id: int | None = None
    level: str = ""
    since: datetime | None = None
    until: datetime | None = None
    active: bool = True
    points: int = 1
    amount: Decimal = Decimal(1)


def lines(**goods: tuple[int, str]) -> dict[int, Bought]:
    keys = {"pan": PAN, "pot": POT, "shoe": SHOE}
    return {keys[name]: Bought(pieces, Decimal(amount)) for name, (pieces, amount) in goods.items()}


def granted(goods: dict[int, Bought], *found: Gift, level: str = "ordinary") -> dict[int, int]:
    return rules.given(goods, found, KINDS, level, NOW)


def earned(goods: dict[int, Bought], *found: Earn, level: str = "ordinary") -> dict[int, int]:
    return rules.earned(goods, found, KINDS, level, NOW)


# -- gifts -----------------------------------------------------------------------------------------------------


def test_given_a_rule_by_amount_when_the_goods_reach_it_then_the_gift_is_granted_once() -> None:
    rule = Gift(least_amount=Decimal(300))
    assert granted(lines(pan=(1, "299.99")), rule) == {}
    assert granted(lines(pan=(1, "299.99"), shoe=(1, "0.01")), rule) == {1: 1}
    assert granted(lines(pan=(9, "2700")), rule) == {1: 1}


def test_given_a_rule_that_repeats_when_more_is_bought_then_each_multiple_counts_up_to_the_most() -> None:
    assert granted(lines(pan=(7, "700")), Gift(least_quantity=3, repeat=True, quantity=2)) == {1: 4}
    assert granted(lines(pan=(7, "700")), Gift(least_quantity=3, repeat=True, quantity=2, most=3)) == {1: 3}
    both = Gift(least_quantity=2, least_amount=Decimal(300), repeat=True)
    assert granted(lines(pan=(7, "700")), both) == {1: 2}, "the condition that is fulfilled fewer times"


def test_given_a_rule_for_a_kind_of_goods_then_only_those_and_the_kinds_below_count() -> None:
    goods = lines(pan=(1, "100"), shoe=(1, "500"))
    assert granted(goods, Gift(category_id=HOUSE, least_amount=Decimal(101))) == {}
    assert granted(goods, Gift(category_id=HOUSE, least_amount=Decimal(100))) == {1: 1}
    assert granted(goods, Gift(product_id=POT)) == {}
    assert granted(goods, Gift(product_id=PAN)) == {1: 1}


def test_given_a_rule_of_another_level_or_time_then_nothing_is_granted() -> None:
    goods = lines(pan=(1, "100"))
    assert granted(goods, Gift(level="vip")) == {}
    assert granted(goods, Gift(level="vip"), level="vip") == {1: 1}
    assert granted(goods, Gift(active=False)) == {}
    assert granted(goods, Gift(since=NOW + timedelta(seconds=1))) == {}
    assert granted(goods, Gift(since=NOW, until=NOW + timedelta(seconds=1))) == {1: 1}
    assert granted(goods, Gift(until=NOW)) == {}


def test_given_rules_in_a_group_when_two_steps_are_reached_then_the_higher_one_counts() -> None:
    steps = (
        Gift(pk=1, least_amount=Decimal(100), group="autumn"),
        Gift(pk=2, least_amount=Decimal(300), group="autumn"),
        Gift(pk=3, least_amount=Decimal(300), group="autumn"),
        Gift(pk=4, least_amount=Decimal(900), group="autumn"),
        Gift(pk=5, least_amount=Decimal(50)),
    )
    assert granted(lines(pan=(1, "350")), *steps) == {2: 1, 3: 1, 5: 1}


def test_given_gifts_when_more_are_taken_than_granted_or_two_of_a_group_then_they_are_named() -> None:
    groups = {1: "autumn", 2: "autumn", 3: ""}
    assert rules.wrongly_given({1: 1, 3: 2}, {1: 1, 2: 1, 3: 2}, groups.__getitem__) == ([], [])
    assert rules.wrongly_given({1: 1, 2: 1, 3: 3}, {1: 1, 2: 1, 3: 2}, groups.__getitem__) == ([3], ["autumn"])


# -- points ----------------------------------------------------------------------------------------------------


def test_given_a_rule_for_all_goods_then_each_full_amount_earns() -> None:
    assert earned(lines(pan=(2, "199.80"), shoe=(1, "0.99")), Earn()) == {PAN: 199, SHOE: 0}
    assert earned(lines(pan=(1, "100")), Earn(points=5, amount=Decimal(30))) == {PAN: 15}
    assert earned(lines(pan=(1, "100"))) == {}


def test_given_several_rules_then_the_nearest_counts_and_then_the_one_for_the_level() -> None:
    every, house, kitchen, pan = (
        Earn(1),
        Earn(2, category_id=HOUSE, points=2),
        Earn(3, category_id=KITCHEN, points=3),
        Earn(4, PAN),
    )
    goods = lines(pan=(1, "10"), pot=(1, "10"), shoe=(1, "10"))
    assert earned(goods, every, house, kitchen, pan) == {PAN: 10, POT: 30, SHOE: 10}
    vip = Earn(5, level="vip", points=2)
    assert earned(goods, every, vip) == {PAN: 10, POT: 10, SHOE: 10}
    assert earned(goods, every, vip, level="vip") == {PAN: 20, POT: 20, SHOE: 20}
    assert earned(lines(shoe=(1, "10")), Earn(1), Earn(2, points=3)) == {SHOE: 30}, "who gives more"


amounts = st.decimals(0, 10_000, places=2)


@given(points=st.integers(0, 10**6), amount=amounts, left=amounts)
def test_given_goods_that_come_back_then_what_is_kept_of_the_points_is_never_more_than_its_share(
    points: int, amount: Decimal, left: Decimal
) -> None:
    kept = rules.kept(points, amount, left)
    assert 0 <= kept <= points
    assert kept == points or Decimal(kept) * amount <= points * left
    assert rules.kept(points, amount, amount) == points


bought = st.builds(Bought, st.integers(1, 20), amounts)
gift_rules = st.builds(
    Gift,
    pk=st.integers(1, 10**6),
    product_id=st.sampled_from([None, PAN, POT]),
    quantity=st.integers(1, 5),
    least_quantity=st.integers(1, 5),
    least_amount=st.decimals(0, 500, places=2),
    repeat=st.booleans(),
    most=st.integers(0, 8),
    group=st.sampled_from(["", "a", "b"]),
)


@given(goods=st.dictionaries(st.sampled_from([PAN, POT, SHOE]), bought), found=st.lists(gift_rules, unique_by=lambda one: one.pk))
def test_given_any_goods_and_rules_then_more_goods_never_mean_fewer_gifts_of_a_rule_alone(
    goods: dict[int, Bought], found: list[Any]
) -> None:
    more = {product: Bought(one.quantity + 1, one.amount + 1) for product, one in goods.items()}
    for rule in found:
        alone = rule._replace(group="")
        before, after = granted(goods, alone).get(rule.pk, 0), granted(more, alone).get(rule.pk, 0)
        assert before <= after
        assert not rule.most or after <= rule.most
