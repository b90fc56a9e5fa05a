"""Money and goods in both directions: what is owed, what comes back, and that it always adds up."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from ccenter.office.errors import Conflict
from orders.models import EarningRule, Payment, PointTerms, Return
from orders.selectors import payments as selectors
from orders.selectors import stock as stocks
from orders.services import invoices, payments, points, steps
from orders.services.returns import Back, take_back
from tests.django.orders.shop import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return Shop()


def earning(shop: Shop) -> None:
    """A point for each full unit of money; a hundred points pay one, up to half of the goods. The customer has 2000."""
    PointTerms.objects.create(since=timezone.now() - timedelta(days=1), worth=Decimal("0.01"), step=100, most_share=50)
    EarningRule.objects.create(name="one for one", points=1, amount=Decimal(1))
    points.adjust(shop.customer, 2000, "welcome", shop.rita)
    shop.customer.refresh_from_db()


# -- payments --------------------------------------------------------------------------------------------------


def test_given_an_order_when_it_is_paid_in_parts_then_what_is_owed_follows(shop: Shop) -> None:
    order = shop.order("submitted", pay_by="transfer")
    payments.receive(order, shop.fred, Decimal(100), "transfer", "王芳", reference="B1")
    payments.receive(order, shop.fred, Decimal("165.90"), "wechat", "her son")
    order = shop.fresh(order)
    assert (order.paid, order.balance) == (Decimal("265.90"), 0)
    assert steps.approve(order, shop.rita, shop.carrier).state == "approved"
    day = timezone.localdate()
    assert [(total.method, total.amount) for total in selectors.totals(day, day)] == [
        ("transfer", Decimal(100)),
        ("wechat", Decimal("165.90")),
    ]
    assert not selectors.unreconciled().exists()


def test_given_more_than_is_owed_when_entered_then_it_is_asked_for_and_then_owed_back(shop: Shop) -> None:
    order = shop.order("submitted", pay_by="transfer")
    with pytest.raises(ValidationError, match=r"265\.90"):
        payments.receive(order, shop.fred, Decimal(300), "transfer", "王芳")
    payments.receive(order, shop.fred, Decimal(300), "transfer", "王芳", more_than_owed=True)
    assert list(selectors.to_refund()) == [order]
    with pytest.raises(ValidationError, match=r"34\.10"):
        payments.refund(order, shop.fred, Decimal(50), "transfer", "王芳")
    payments.refund(order, shop.fred, Decimal("34.10"), "transfer", "王芳")
    assert shop.fresh(order).balance == 0


def test_given_the_same_transfer_when_entered_twice_then_it_counts_once_until_it_is_undone(shop: Shop) -> None:
    wrong, right = shop.order("submitted", (shop.pan, 1)), shop.order("submitted", (shop.pan, 1))
    entered = payments.receive(wrong, shop.fred, Decimal(50), "transfer", "王芳", reference="B7")
    with pytest.raises(Conflict, match="already"):
        payments.receive(right, shop.fred, Decimal(50), "transfer", "王芳", reference="B7")
    payments.correct(entered, shop.fred, "the other order")
    payments.receive(right, shop.fred, Decimal(50), "transfer", "王芳", reference="B7")
    assert (shop.fresh(wrong).paid, shop.fresh(right).paid) == (0, 50)
    with pytest.raises(Conflict, match="undone already"):
        payments.correct(entered, shop.fred, "again")


def test_given_a_cancelled_order_that_was_paid_then_the_money_is_owed_back(shop: Shop) -> None:
    order = shop.order("submitted", pay_by="card")
    payments.receive(order, shop.fred, Decimal("265.90"), "card", "王芳")
    order = shop.fresh(steps.cancel(order, shop.anna, "too late"))
    assert order.balance == Decimal("-265.90")
    payments.refund(order, shop.fred, Decimal("265.90"), "card", "王芳")
    assert shop.fresh(order).balance == 0


@pytest.mark.parametrize("amount", [Decimal(0), Decimal(-5), Decimal("1.005"), Decimal("99999999999")])
def test_given_an_amount_that_is_none_when_entered_then_it_is_refused(shop: Shop, amount: Decimal) -> None:
    with pytest.raises(ValidationError):
        payments.receive(shop.order("submitted"), shop.fred, amount, "cash", "王芳", more_than_owed=True)
    assert not Payment.objects.exists()


def test_given_a_payment_when_somebody_changes_it_then_the_database_refuses(shop: Shop) -> None:
    payment = payments.receive(shop.order("submitted"), shop.fred, Decimal(5), "cash", "王芳")
    for change in (
        lambda: Payment.objects.filter(pk=payment.pk).update(amount=6),
        lambda: Payment.objects.filter(pk=payment.pk).delete(),
    ):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            change()


def test_given_who_is_not_in_finance_when_they_enter_money_then_it_is_refused(shop: Shop) -> None:
    order = shop.order("submitted")
    with pytest.raises(PermissionDenied):
        payments.receive(order, shop.anna, Decimal(5), "cash", "王芳")
    with pytest.raises(PermissionDenied):
        invoices.issue(order, shop.anna)


# -- returns ---------------------------------------------------------------------------------------------------


def test_given_some_goods_that_come_back_then_stock_points_and_money_are_put_right(shop: Shop) -> None:
    earning(shop)
    order = shop.order("delivered", points_used=1000)
    assert (order.points_value, order.total, order.paid) == (Decimal(10), Decimal("255.90"), Decimal("255.90"))
    assert order.points_earned == 249  # of 249.90: what was paid with points earns none
    pan = order.lines.get(code="1001")
    back = take_back(order, shop.will, "faulty", [Back(pan.pk, 1, sellable=False)])
    order = shop.fresh(order)
    assert back.value == Decimal("96.15")  # 100.00 less 3.85, its share of the 10.00 that points paid
    assert (back.points_back, order.state, order.balance) == (384, "delivered", Decimal("-96.15"))
    assert (back.points_taken, order.points_earned) == (96, 153)
    assert stocks.available([shop.pan.pk])[shop.pan.pk] == 8
    payments.refund(order, shop.fred, Decimal("96.15"), "cash", "王芳")
    assert shop.fresh(order).balance == 0


def test_given_everything_comes_back_in_parts_then_all_is_as_if_it_had_never_been(shop: Shop) -> None:
    earning(shop)
    order = shop.order("delivered", (shop.pan, 3), (shop.pot, 1), points_used=700)
    pan, pot = order.lines.order_by("position")
    take_back(order, shop.will, "unwanted", [Back(pan.pk, 1)])
    take_back(order, shop.will, "unwanted", [Back(pot.pk, 1)])
    take_back(order, shop.will, "unwanted", [Back(pan.pk, 2)], with_fee=True)
    order = shop.fresh(order)
    assert (order.state, order.returned_value, order.points_earned) == ("returned", order.total, 0)
    assert order.balance == -order.paid
    assert sum(row.points_back for row in Return.objects.all()) == 700
    shop.customer.refresh_from_db()
    assert shop.customer.points == 2000
    assert stocks.available([shop.pan.pk, shop.pot.pk]) == {shop.pan.pk: 10, shop.pot.pk: 10}


def test_given_nobody_at_the_door_when_all_comes_back_then_nothing_is_owed(shop: Shop) -> None:
    order = shop.order("shipped")
    pan, pot = order.lines.order_by("position")
    with pytest.raises(ValidationError, match="as a whole"):
        take_back(order, shop.will, "not_taken", [Back(pan.pk, 2)])
    take_back(order, shop.will, "not_taken", [Back(pan.pk, 2), Back(pot.pk, 1)])
    order = shop.fresh(order)
    assert (order.state, order.balance) == ("returned", 0)
    assert stocks.available([shop.pan.pk])[shop.pan.pk] == 10


def test_given_more_than_was_ordered_when_it_comes_back_then_it_is_refused(shop: Shop) -> None:
    order = shop.order("delivered")
    pan = order.lines.get(code="1001")
    take_back(order, shop.will, "unwanted", [Back(pan.pk, 1)], with_fee=True)
    with pytest.raises(ValidationError, match="More came back"):
        take_back(order, shop.will, "unwanted", [Back(pan.pk, 2)])
    with pytest.raises(ValidationError, match="given back already"):
        take_back(order, shop.will, "unwanted", [Back(pan.pk, 1)], with_fee=True)
    with pytest.raises(ValidationError, match="not of the order"):
        take_back(order, shop.will, "unwanted", [Back(0, 1)])
    assert pan.order.returns.count() == 1


# -- invoices --------------------------------------------------------------------------------------------------


def test_given_an_order_when_invoiced_then_once_over_what_is_paid_until_it_is_withdrawn(shop: Shop) -> None:
    company = {"invoice_kind": "company", "invoice_title": "杭州好物有限公司", "invoice_tax_number": "91330106MA2XXXXX0X"}
    order = shop.order("delivered", **company)
    first = invoices.issue(order, shop.fred)
    assert (first.title, first.tax_number, first.amount) == ("杭州好物有限公司", "91330106MA2XXXXX0X", Decimal("265.90"))
    with pytest.raises(Conflict, match=first.number):
        invoices.issue(order, shop.fred)
    take_back(order, shop.will, "faulty", [Back(order.lines.get(code="1002").pk, 1)])
    invoices.void(first, shop.fred, "part came back")
    second = invoices.issue(order, shop.fred)
    assert second.amount == Decimal("206.00")
    assert second.number != first.number
    with pytest.raises(Conflict):
        invoices.issue(shop.draft(), shop.fred)
