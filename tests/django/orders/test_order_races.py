"""Two people at the same order at the same moment: one of them is first, and the other is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from orders.models import Order
from orders.selectors import stock as stocks
from orders.services import payments, steps
from tests.django.orders.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def together(*doing: Callable[[], Any]) -> list[Any]:
    """What each gave back or raised; all begin at once, each with a connection of its own."""
    start = Barrier(len(doing))

    def run(one: Callable[[], Any]) -> Any:
        try:
            start.wait(10)
            return one()
        except (ValidationError, IntegrityError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(doing)) as pool:
        return list(pool.map(run, doing))


def refused(results: list[Any]) -> int:
    return sum(isinstance(result, Exception) for result in results)


def test_given_an_order_when_one_approves_and_another_cancels_then_one_of_them_is_told() -> None:
    shop = Shop()
    for _ in range(3):
        order = shop.order("submitted", (shop.pan, 1))
        results = together(
            lambda order=order: steps.refuse(order, shop.rita, "no"),
            lambda order=order: steps.cancel(order, shop.anna, "changed her mind"),
        )
        assert refused(results) == 1
        assert shop.fresh(order).state in ("refused", "cancelled")
    assert stocks.available([shop.pan.pk])[shop.pan.pk] == 10


def test_given_the_last_goods_when_several_submit_at_once_then_nothing_is_sold_twice() -> None:
    shop = Shop()
    orders = [shop.draft((shop.pan, 4), (shop.pot, 1)) for _ in range(5)]
    results = together(*(lambda order=order: steps.submit(order, shop.anna) for order in orders))
    assert refused(results) == 3
    assert stocks.available([shop.pan.pk, shop.pot.pk]) == {shop.pan.pk: 2, shop.pot.pk: 8}
    assert Order.objects.filter(state="submitted").count() == 2


def test_given_the_same_money_when_it_is_entered_at_once_then_it_counts_once() -> None:
    shop = Shop()
    order = shop.order("submitted", (shop.pan, 2))
    pay = [lambda n=n: payments.receive(order, shop.fred, Decimal(150), "transfer", "王芳") for n in range(2)]
    assert refused(together(*pay)) == 1
    assert shop.fresh(order).paid == 150


def test_given_a_lost_answer_when_the_draft_of_a_call_is_written_again_at_once_then_there_is_one() -> None:
    shop = Shop()
    write = lambda: shop.draft((shop.pan, 1), call="c9")  # noqa: E731
    assert refused(together(write, write)) == 1
    assert Order.objects.filter(call="c9").count() == 1
