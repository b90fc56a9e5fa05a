"""The demo's goods: rules that can be tried, made once."""

from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from crm import demo as people
from crm.models import Customer
from orders import demo, demo_goods
from orders.models import GiftRule, Product, Purchase, Stock
from orders.rules import Bought
from orders.selectors import gifts, points
from orders.selectors import products as selectors

pytestmark = pytest.mark.django_db


def test_given_the_demo_when_made_twice_then_nothing_is_there_twice_and_the_rules_can_be_tried() -> None:
    people.customers(30)
    for _ in range(2):
        demo.orders(10)
        demo_goods.goods()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    now = timezone.now()
    assert Purchase.objects.count() == 2
    assert Stock.objects.filter(product__gift_only=True).count() == 3
    fryer = selectors.search("kqzg", now)[0]
    lines = {fryer.product.pk: Bought(2, fryer.price * 2)}
    names = {one.rule.name for one in gifts.proposals(lines, "ordinary", now)}
    assert names == {"满500元赠保温杯", "厨房电器每2件赠剪刀"}
    assert points.will_earn(lines, "vip", now) == 2 * int(fryer.price * 2)
    assert Product.objects.filter(category__code="kitchen").count() == 5
    assert GiftRule.objects.count() == 3
    assert points.value(100, now) == Decimal("1.00")
    assert Customer.objects.filter(points__gt=0).exists()
