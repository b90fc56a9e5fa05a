"""Goods had for points: a line of an order that costs points, and what becomes of them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ccenter.office.errors import Conflict
from orders import documents
from orders.models import EarningRule, Order, OrderLine, PointAccount, PointEntry, PointExchange, PointTerms, Stock
from orders.selectors import entry
from orders.services import drafts, invoices, points, steps
from orders.services.drafts import Swap, Want
from orders.services.returns import Back, take_back
from tests.django.office.pages import browser, send
from tests.django.orders.shop import Shop
from tests.django.orders.test_documents import read
from tests.django.people import client

pytestmark = pytest.mark.django_db
ORDERS = "/api/orders/orders/"


@pytest.fixture
def shop() -> Shop:
    """The customer has 2000 points, a pot is had for 600 of them and 9.90; who buys for money earns one for each yuan."""
    made = Shop()
    PointTerms.objects.create(since=timezone.now() - timedelta(days=1), worth=Decimal("0.01"), step=100)
    EarningRule.objects.create(name="one for one")
    points.adjust(made.customer, 2000, "welcome", made.rita)
    made.customer.refresh_from_db()
    made.offer = PointExchange.objects.create(product=made.pot, points=600, price=Decimal("9.90"))
    return made


def had(shop: Shop, pieces: int = 2, pans: int = 0, **fields: object) -> Order:
    """A draft with so many pots for points."""
    wants = [Want("1001", pans)] if pans else []
    return drafts.add(shop.anna, shop.customer, {"method": shop.method, **fields}, wants, (), [Swap(shop.offer.pk, pieces)])


def balance(shop: Shop) -> int:
    return PointAccount.objects.get(pk=shop.customer.pk).balance


def on_its_way(shop: Shop, order: Order) -> Order:
    steps.submit(order, shop.anna)
    steps.approve(order, shop.rita, shop.carrier, reason="looked at")
    steps.pick(order, shop.will)
    steps.ship(order, shop.will)
    return shop.fresh(order)


def test_given_an_order_for_points_alone_when_it_is_submitted_then_points_and_stock_are_taken_and_the_rest_is_to_be_paid(
    shop: Shop,
) -> None:
    order = had(shop)
    assert (order.points_exchanged, order.subtotal, order.total) == (1200, Decimal("19.80"), Decimal("25.80"))
    assert balance(shop) == 2000  # a draft takes nothing
    steps.submit(order, shop.anna)
    assert balance(shop) == 800
    assert Stock.objects.get(pk=shop.pot.pk).reserved == 2
    assert list(PointEntry.objects.filter(ref=order.number).values_list("kind", "points")) == [("used", -1200)]


@pytest.mark.parametrize("how", [steps.cancel, steps.refuse, steps.reopen])
def test_given_goods_for_points_when_the_order_is_not_to_be_then_the_points_are_back(shop: Shop, how: object) -> None:
    order = had(shop)
    steps.submit(order, shop.anna)
    how(order, shop.rita if how is steps.refuse else shop.anna, "no more")  # type: ignore[operator]
    assert (balance(shop), Stock.objects.get(pk=shop.pot.pk).reserved) == (2000, 0)


def test_given_points_that_pay_and_points_exchanged_when_lines_come_back_then_each_brings_its_own(shop: Shop) -> None:
    order = had(shop, 2, pans=1, points_used=800)
    assert (order.points_used, order.points_value, order.total) == (800, Decimal(8), Decimal("117.80"))
    order = on_its_way(shop, order)
    steps.deliver(order, shop.will, collected=order.balance)
    order = shop.fresh(order)
    assert order.points_earned == 93  # of the pan's 100.00, less its part of what points paid; goods for points earn none
    assert balance(shop) == 2000 - 1200 - 800 + 93
    pan, pot = order.lines.order_by("position")
    row = take_back(order, shop.will, "unwanted", [Back(pot.pk, 1)])
    assert row.points_back == 600 + 66  # and 66 of the 800 that paid for its 9.90
    assert balance(shop) == 93 + 666
    take_back(order, shop.will, "unwanted", [Back(pot.pk, 1), Back(pan.pk, 1)])
    order = shop.fresh(order)
    assert (balance(shop), order.state, order.points_earned) == (2000, "returned", 0)
    assert order.returned_value == order.total - order.delivery_fee


def test_given_too_few_points_when_submitted_then_it_is_refused_and_nothing_is_taken(shop: Shop) -> None:
    order = had(shop, 4)
    assert entry.proposals(shop.fresh(order)).points_left == -400
    with pytest.raises(Conflict) as refused:
        steps.submit(order, shop.anna)
    assert "points" in refused.value.message_dict
    assert (balance(shop), Stock.objects.get(pk=shop.pot.pk).reserved) == (2000, 0)


@pytest.mark.parametrize(
    "change", [{"active": False}, {"level": "vip"}, {"until": timezone.now() - timedelta(hours=1)}, {"points": 500}, {"price": Decimal(12)}]
)  # fmt: skip
def test_given_an_offer_that_changed_when_submitted_then_it_is_refused(shop: Shop, change: dict[str, object]) -> None:
    order = had(shop)
    PointExchange.objects.filter(pk=shop.offer.pk).update(**change)
    with pytest.raises(ValidationError) as refused:
        steps.submit(order, shop.anna)
    assert "exchanges" in refused.value.message_dict


def test_given_points_wanted_for_goods_when_the_rest_is_proposed_then_only_what_is_left_can_pay(shop: Shop) -> None:
    order = had(shop, 3, pans=2, points_used=2000)
    assert (order.points_used, order.points_exchanged) == (200, 1800)
    found = entry.proposals(shop.fresh(order))
    assert (found.points.points, found.points_left) == (200, 0)
    assert [offer.pk for offer in found.exchanges] == [shop.offer.pk]


def test_given_a_sum_of_points_that_the_lines_do_not_give_then_the_database_refuses_it(shop: Shop) -> None:
    order = had(shop)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        Order.objects.filter(pk=order.pk).update(points_exchanged=1)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(order=order).update(exchange=None)


def test_given_rest_when_goods_are_exchanged_then_they_stand_in_the_order_and_are_replaced_by_name(shop: Shop) -> None:
    anna = client(shop.anna)
    body = {"customer": shop.customer.pk, "method": "standard", "exchanges": [{"exchange": shop.offer.pk, "quantity": 2}]}
    answer = anna.post(ORDERS, body, headers={"Idempotency-Key": "x1"})
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert (made["points_exchanged"], made["lines"]) == (1200, [])
    assert made["exchanges"][0] | {"id": 0} == {
        "id": 0, "exchange": shop.offer.pk, "code": "1002", "name": "Product 1002", "quantity": 2, "points": 600, "price": "9.90",
        "amount": "19.80", "returned": 0,
    }  # fmt: skip
    address = f"{ORDERS}{made['number']}/"

    def patch(**sent: object) -> Any:
        tag = f'"{Order.objects.get().version}"'
        return anna.patch(address, sent, headers={"If-Match": tag})

    changed = patch(lines=[{"code": "1001", "quantity": 1}]).json()
    assert (changed["points_exchanged"], changed["subtotal"]) == (1200, "119.80")  # what is not named stays
    told = anna.get(f"{address}proposals/").json()
    assert (told["points_left"], told["exchanges"][0]["points"], told["exchanges"][0]["left"]) == (800, 600, 10)
    gone = patch(exchanges=[]).json()
    assert (gone["points_exchanged"], gone["exchanges"], gone["subtotal"]) == (0, [], "100.00")
    refused = patch(exchanges=[{"exchange": 999999, "quantity": 1}])
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["exchanges"])


def test_given_the_entry_when_goods_are_had_for_points_then_a_draft_begins_with_them_and_says_what_they_cost(shop: Shop) -> None:
    page = browser(shop.anna)
    opened = page.get("/orders/new/", {"customer": shop.customer.pk}).text
    assert f'data-exchange="{shop.offer.pk}"' in opened
    sent = {"customer": shop.customer.pk, "call": "", "order": "", "version": "", "exchange": shop.offer.pk, "pieces": "3"}
    answer = send(page, "/orders/new/", **sent, method="standard").text
    order = Order.objects.get()
    assert (order.points_exchanged, order.exchanges[0].quantity) == (1800, 3)
    assert "600 points + ¥9.90" in answer
    assert "disabled" in answer.partition(f'data-exchange="{shop.offer.pk}"')[2].partition(">")[0]  # 200 are left
    more = {**sent, "order": order.number, "version": order.version, "pieces": "4"}
    assert "400 points too few" in send(page, "/orders/new/", **more, method="standard").text
    order.refresh_from_db()
    send(page, "/orders/new/", **{**more, "version": order.version, "pieces": "0"}, method="standard")
    assert not OrderLine.objects.exists()


def test_given_goods_for_points_when_papers_are_printed_then_they_say_so(shop: Shop) -> None:
    order = on_its_way(shop, had(shop, 2, pans=1))
    assert "Product 1002 (积分换购)" in read(documents.delivery_note(order))[0]
    paper = invoices.issue(order, shop.fred)
    assert "1002 Product 1002 (1200 积分)" in read(documents.invoice(paper))[0]
