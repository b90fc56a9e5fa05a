"""Purchases: what was ordered comes in, once, and lies in stock."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from orders.models import Product, Purchase, PurchaseLine, Supplier, SupplierProduct
from orders.selectors import stock as stocks
from orders.services import purchases
from tests.django.orders.shop import product

pytestmark = pytest.mark.django_db


@pytest.fixture
def will(db: None) -> User:
    return User.objects.create_user("will")


@pytest.fixture
def supplier(db: None) -> Supplier:
    return Supplier.objects.create(code="acme", name="Acme")


@pytest.fixture
def goods(supplier: Supplier) -> tuple[Product, Product, Product]:
    """A pan (the supplier asks 60 for it), a pot and a service; nothing is there."""
    pan, pot = product("1001", "100", 0), product("1002", "50", 0)
    SupplierProduct.objects.create(supplier=supplier, product=pan, cost=Decimal(60))
    return pan, pot, product("9001", "80", stocked=False)


def bought(will: User, supplier: Supplier, *lines: tuple[Product, int], **fields: Any) -> Purchase:
    values = [{"product": one, "quantity": quantity} for one, quantity in lines]
    return purchases.add_purchase(will, {"supplier": supplier, "lines": values, **fields})


def test_given_a_purchase_when_it_comes_in_parts_then_the_stock_fills_and_the_state_follows(
    will: User, supplier: Supplier, goods: tuple[Product, ...]
) -> None:
    pan, pot, service = goods
    purchase = bought(will, supplier, (pan, 10), (pot, 4), (service, 1))
    assert [(line.cost, line.received) for line in purchase.lines.all()] == [(60, 0), (0, 0), (0, 0)]
    with pytest.raises(Conflict):
        purchases.receive(will, purchase, {pan.pk: 1})
    purchase = purchases.order(will, purchase)
    assert purchases.receive(will, purchase, {pan.pk: 6, pot.pk: 4}).state == "partly"
    assert stocks.available([pan.pk, pot.pk]) == {pan.pk: 6, pot.pk: 4}
    with pytest.raises(Conflict) as error:
        purchases.receive(will, purchase, {pan.pk: 5})
    assert "4" in error.value.message_dict["lines"][0]
    assert purchases.receive(will, purchase, {pan.pk: 4, service.pk: 1}).state == "received"
    assert stocks.available([pan.pk]) == {pan.pk: 10}
    assert [move.ref for move in stocks.moves(pan.pk)] == [purchase.number] * 2
    actions = list(AuditEntry.objects.filter(entity="orders.purchase").order_by("id").values_list("action", flat=True))
    assert actions == ["purchases.add", "purchases.order", "purchases.receive", "purchases.receive"]


def test_given_a_purchase_when_the_rest_does_not_come_then_it_is_closed_with_a_reason(
    will: User, supplier: Supplier, goods: tuple[Product, ...]
) -> None:
    purchase = purchases.order(will, bought(will, supplier, (goods[0], 10)))
    with pytest.raises(Conflict):
        purchases.close(will, purchase, "nothing came")
    purchases.receive(will, purchase, {goods[0].pk: 6})
    with pytest.raises(Conflict):
        purchases.cancel(will, purchase, "too late")
    with pytest.raises(ValidationError):
        purchases.close(will, purchase, " ")
    assert purchases.close(will, purchase, "sold out").state == "received"
    with pytest.raises(Conflict):
        purchases.receive(will, purchase, {goods[0].pk: 1})


def test_given_a_purchase_that_was_ordered_then_it_is_neither_changed_nor_deleted_but_cancelled(
    will: User, supplier: Supplier, goods: tuple[Product, ...]
) -> None:
    pan, pot, _service = goods
    purchase = bought(will, supplier, (pan, 1))
    version = Purchase.objects.get().version
    purchases.change_purchase(will, purchase, {"lines": [{"product": pot, "quantity": 2, "cost": Decimal("9.90")}]})
    assert [(line.product, line.quantity, line.cost) for line in purchase.lines.all()] == [(pot, 2, Decimal("9.90"))]
    assert Purchase.objects.get().version > version, "who read it before has not seen these lines"
    purchases.order(will, purchase)
    for step in (
        lambda: purchases.change_purchase(will, purchase, {"note": "x"}),
        lambda: purchases.delete_purchase(will, purchase),
    ):
        with pytest.raises(Conflict):
            step()
    assert purchases.cancel(will, purchase, "changed our mind").state == "cancelled"
    draft = bought(will, supplier, (pan, 1))
    purchases.delete_purchase(will, draft)
    assert list(Purchase.objects.all()) == [purchase]


def test_given_lines_that_make_no_sense_then_the_purchase_is_refused(
    will: User, supplier: Supplier, goods: tuple[Product, ...]
) -> None:
    pan, pot, _service = goods
    with pytest.raises(ValidationError):
        bought(will, supplier, (pan, 1), (pan, 2))
    with pytest.raises(ValidationError):
        bought(will, supplier, (pan, 0))
    empty = bought(will, supplier)
    with pytest.raises(ValidationError):
        purchases.order(will, empty)
    purchase = purchases.order(will, bought(will, supplier, (pan, 1)))
    for arrived in ({}, {pan.pk: 0}, {pot.pk: 1}):
        with pytest.raises(ValidationError):
            purchases.receive(will, purchase, arrived)
    with pytest.raises(IntegrityError, match="purchase_line_received"):
        PurchaseLine.objects.update(received=2)


def test_given_a_supplier_we_left_when_something_is_bought_then_it_is_refused(
    will: User, supplier: Supplier, goods: tuple[Product, ...]
) -> None:
    Supplier.objects.update(active=False)
    supplier.refresh_from_db()
    with pytest.raises(ValidationError) as error:
        bought(will, supplier, (goods[0], 1))
    assert set(error.value.message_dict) == {"supplier"}


def test_given_goods_that_are_low_when_bought_again_then_each_supplier_gets_one_draft_and_nothing_is_bought_twice(
    will: User, supplier: Supplier, goods: tuple[Product, ...]
) -> None:
    from orders.services import stock

    pan, pot, service = goods
    lid, knife = product("1003", "20", 9), product("1004", "30", 0)
    cheap = Supplier.objects.create(code="cheap", name="Cheap")
    SupplierProduct.objects.create(supplier=cheap, product=pan, cost=Decimal(50))
    SupplierProduct.objects.create(supplier=supplier, product=lid, cost=Decimal(9))
    SupplierProduct.objects.create(supplier=supplier, product=knife, cost=Decimal(9))
    for one, low in ((pan, 10), (lid, 6), (knife, 5)):
        stock.set_low(one, low)
    drafts, refused = purchases.buy_again(will, [pan.pk, pot.pk, lid.pk, knife.pk, service.pk])
    told = {row.supplier.code: [(line.product.code, line.quantity, line.cost) for line in row.lines.all()] for row in drafts}
    assert told == {"cheap": [("1001", 20, 50)], "acme": [("1003", 3, 9), ("1004", 10, 9)]}
    assert set(refused) == {pot.pk, service.pk}
    purchases.order(will, drafts[0])
    again, refused = purchases.buy_again(will, [pan.pk])
    assert (again, set(refused)) == ([], {pan.pk})
