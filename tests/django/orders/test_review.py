"""The review's queue and what it finds."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from ccenter.calls.models import BlacklistEntry
from ccenter.office.errors import Conflict
from orders.models import Order, ReviewRules
from orders.selectors import review
from orders.services import steps, stock
from orders.services.returns import Back, take_back
from tests.django.orders.shop import PHONE, Shop, customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return Shop()


def codes(order: Order) -> list[str]:
    return [finding.code for finding in review.findings([order])[order.pk]]


def test_given_an_ordinary_order_when_submitted_then_there_is_nothing_to_look_at(shop: Shop) -> None:
    order = shop.order("submitted")
    assert (order.findings, codes(order)) == ([], [])
    assert list(review.queue()) == [order]


def test_given_the_same_goods_for_the_same_telephone_lately_then_both_are_told_of_the_other(shop: Shop) -> None:
    first = shop.order("submitted", (shop.pan, 1))
    shop.customer = customer("王军", "+8613900139000")
    second = shop.order("submitted", (shop.pan, 1), phone=PHONE)
    other = shop.order("submitted", (shop.pot, 1), phone=PHONE)
    assert (second.findings, other.findings) == (["duplicate"], [])
    found = review.findings([first, second])
    assert second.number in found[first.pk][0].text
    assert first.number in found[second.pk][0].text
    Order.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=4))
    assert codes(second) == []


def test_given_a_number_on_the_blacklist_when_ordered_by_it_then_it_is_found(shop: Shop) -> None:
    entry = BlacklistEntry.objects.create(number=PHONE)
    assert shop.order("submitted", (shop.pan, 1), phone="+8613900139000").findings == ["blacklist"]
    entry.active = False
    entry.save()
    assert codes(shop.order("submitted", (shop.pot, 3))) == []


def test_given_a_limit_when_an_order_reaches_it_then_a_reason_is_needed_to_approve(shop: Shop) -> None:
    ReviewRules.objects.update_or_create(pk=1, defaults={"limit": Decimal(200)})
    order = shop.order("submitted")
    assert order.findings == ["limit"]
    with pytest.raises(ValidationError, match="say why"):
        steps.approve(order, shop.rita, shop.carrier)
    assert steps.approve(order, shop.rita, shop.carrier, reason="called back").reason == "called back"


def test_given_a_delivered_order_that_is_not_paid_then_the_customers_next_is_looked_at(shop: Shop) -> None:
    order = shop.order("shipped", (shop.pan, 1))
    steps.deliver(order, shop.will, collected=Decimal(0))
    assert "owing" in shop.order("submitted", (shop.pot, 1)).findings
    shop.customer = customer("张伟", "+8613900139000")
    assert shop.order("submitted", (shop.pot, 1)).findings == []


def test_given_goods_that_are_not_kept_for_an_order_then_it_cannot_be_approved(shop: Shop) -> None:
    order = shop.order("submitted")
    stock.release(order.number)
    with pytest.raises(Conflict, match="Product 1001"):
        steps.approve(order, shop.rita, shop.carrier, reason="never mind")


def test_given_more_orders_when_looked_at_together_then_it_takes_no_more_queries(
    shop: Shop, django_assert_num_queries: Any
) -> None:
    orders = [shop.order("submitted", (shop.pan, 1)) for _ in range(3)]
    take_back(shop.order("delivered", (shop.pot, 1)), shop.will, "faulty", [Back(Order.objects.latest("id").lines.get().pk, 1)])
    with django_assert_num_queries(7):
        review.findings(orders[:1])
    with django_assert_num_queries(7):
        assert len(review.findings(orders)) == 3
    with django_assert_num_queries(2):
        assert [line.code for order in review.queue() for line in order.lines.all()] == ["1001"] * 3
