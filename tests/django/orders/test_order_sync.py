"""Orders that come from another system, signed, and what that system is told of them."""

from typing import Any

import pytest

from crm.models import Customer, Source, SourceRun
from crm.services import sources, syncing
from orders.models import Order
from orders.services import order_sync, steps
from tests.django.orders.shop import PHONE, Shop

pytestmark = pytest.mark.django_db
MAPPING = {
    "customer": "buyer", "lines": "goods", "recipient": "name", "phone": "tel", "city": "city", "street": "street", "method": "way",
    "cancelled": "void", "state": "state", "number": "our_number",
}  # fmt: skip
ROW = {"id": "w1", "buyer": PHONE, "goods": "1001*2; 1002", "way": "standard", "void": False}


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop()


@pytest.fixture
def source(db: None) -> Source:
    return sources.add_source(None, {"code": "web", "name": "Web shop", "entity": "order", "key": "id", "mapping": MAPPING})


def sent(source: Source, *rows: dict[str, Any]) -> SourceRun:
    return syncing.received(source, f"m{SourceRun.objects.count()}", list(rows))


def counts(run: SourceRun) -> dict[str, int]:
    return {name: count for name, count in run.counts.items() if count}


def test_given_an_order_of_a_web_shop_when_it_comes_then_it_waits_for_review_with_its_goods_reserved(
    shop: Shop, source: Source
) -> None:
    run = sent(source, ROW)
    assert counts(run) == {"read": 1, "added": 1}, run.refused
    order = Order.objects.get()
    assert (order.state, order.channel, order.customer, str(order.total)) == ("submitted", "import", shop.customer, "265.90")
    assert [(line.code, line.quantity) for line in order.lines.all()] == [("1001", 2), ("1002", 1)]
    assert counts(sent(source, ROW)) == {"read": 1, "same": 1}


def test_given_a_change_there_then_it_is_taken_until_the_order_is_approved_here(shop: Shop, source: Source) -> None:
    sent(source, ROW)
    assert counts(sent(source, {**ROW, "goods": "1001"})) == {"read": 1, "changed": 1}
    order = Order.objects.get()
    assert (order.state, [(line.code, line.quantity) for line in order.lines.all()]) == ("submitted", [("1001", 1)])
    steps.approve(order, shop.rita, shop.carrier, shop.method)
    run = sent(source, {**ROW, "goods": "1002"})
    assert counts(run) == {"read": 1, "refused": 1}
    assert order.number in run.refused[0]["reasons"]
    assert counts(sent(source, {**ROW, "void": True})) == {"read": 1, "changed": 1}
    order.refresh_from_db()
    assert order.state == "cancelled"


def test_given_a_buyer_nobody_knows_then_they_are_a_customer_from_now_on(shop: Shop, source: Source) -> None:
    new = {**ROW, "buyer": "", "name": "钱二", "tel": "139 1111 2222", "city": "宁波市", "street": "中山西路2号"}
    assert counts(sent(source, new)) == {"read": 1, "added": 1}
    who = Customer.objects.get(name="钱二")
    assert [phone.number for phone in who.phones.all()] == ["+8613911112222"]
    assert Order.objects.get().customer == who


def test_given_rows_that_cannot_be_orders_then_each_says_why_and_nothing_is_left_of_it(shop: Shop, source: Source) -> None:
    run = sent(
        source,
        {**ROW, "id": "a", "goods": "9999"},
        {**ROW, "id": "b", "goods": "1001 * many"},
        {**ROW, "id": "c", "buyer": "", "tel": ""},
        {**ROW, "id": "d", "way": "rocket"},
        {**ROW, "id": "e", "goods": "1001*99"},
        ROW,
    )
    assert counts(run) == {"read": 6, "added": 1, "refused": 5}
    assert [one["key"] for one in run.refused] == ["a", "b", "c", "d", "e"]
    assert Order.objects.count() == 1


def test_given_an_order_under_way_then_what_is_told_of_it_is_its_state_here(shop: Shop, source: Source) -> None:
    sent(source, ROW)
    order = Order.objects.get()
    told = order_sync.load([order.pk])[order.pk]
    assert (told["state"], told["number"], told["lines"], told["cancelled"]) == (
        "submitted",
        order.number,
        "1001*2; 1002*1",
        "false",
    )
    assert set(MAPPING) <= set(order_sync.targets()) == set(told)
