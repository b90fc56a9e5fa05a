"""What is kept in memory of rules and fees is never older than the database; the rest is read once for each request."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.models import DeliveryFee, EarningRule, GiftRule, ProductCategory
from orders.selectors.shelf import Shelf
from orders.selectors.standing import standing
from tests.django.orders.shop import delivery, product

pytestmark = pytest.mark.django_db
HANGZHOU = ("浙江省", "杭州市", Decimal(100))


def fee() -> Decimal | None:
    return next(iter(standing().fees(*HANGZHOU).values()), None)


def changed_past_the_model(amount: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_deliveryfee SET fee = %s WHERE city <> ''", [amount])


@pytest.mark.parametrize(
    "change",
    [
        lambda: DeliveryFee.objects.filter(city="杭州市").update(fee=7),
        lambda: changed_past_the_model(7),
        lambda: DeliveryFee.objects.filter(city="").update(fee=7) and DeliveryFee.objects.filter(city="杭州市").delete(),
    ],
)
def test_given_a_fee_that_is_changed_by_whatever_way_when_asked_again_then_the_new_one_holds(change: Callable[[], Any]) -> None:
    delivery()
    assert fee() == 6
    change()
    assert fee() == 7


def test_given_a_change_that_was_seen_and_taken_back_when_another_takes_its_version_then_that_one_holds() -> None:
    delivery()
    with transaction.atomic():
        changed_past_the_model(7)
        assert fee() == 7
        transaction.set_rollback(True)
    assert fee() == 6
    changed_past_the_model(8)
    assert fee() == 8


def test_given_nothing_changed_when_asked_again_then_it_takes_one_query(django_assert_num_queries: Any) -> None:
    delivery()
    standing()
    with django_assert_num_queries(1):
        standing()


def test_given_rules_and_categories_when_they_come_and_go_then_they_count_from_then_on() -> None:
    home = ProductCategory.objects.create(code="home", name_zh="家居", name_en="Home")
    pan = product("1001", "100", category=home)
    rule = GiftRule.objects.create(name="a cup", gift=product("9001", "5"), category=home)
    EarningRule.objects.create(name="all", points=1, amount=1)
    assert Shelf().kinds([pan.pk]) == {pan.pk: [home.pk]}
    assert (list(standing().gift_rules), len(standing().earning_rules)) == ([rule.pk], 1)
    rule.delete()
    EarningRule.objects.update(active=False)
    home.parent = ProductCategory.objects.create(code="all", name_zh="全部", name_en="All")
    home.save()
    assert (standing().gift_rules, standing().earning_rules) == ({}, ())
    assert Shelf().kinds([pan.pk]) == {pan.pk: [home.pk, home.parent.pk]}


def test_given_goods_on_the_shelf_when_asked_for_then_they_are_read_once_with_price_and_stock_of_now() -> None:
    pan, voucher = product("1001", "100", 10), product("1002", "50", stocked=False)
    shelf = Shelf()
    with CaptureQueriesContext(connection) as asked:
        shelf.fetch(["1001"], [voucher.pk])
        found = shelf.coded(["1001", "nope"])
        assert (list(found), shelf.price(pan.pk), shelf.left(pan.pk)) == (["1001"], Decimal(100), 10)
        assert (shelf.price(voucher.pk), shelf.left(voucher.pk)) == (Decimal(50), None)
    assert len(asked) == 2, "one of them for the number nobody has"
    with pytest.raises(KeyError):
        shelf.product(0)
