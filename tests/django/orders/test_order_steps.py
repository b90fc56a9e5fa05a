"""The life of an order: from the draft to the customer's door, and every way out of it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from orders.models import Order, Payment
from orders.selectors import stock as stocks
from orders.selectors.entry import draft_for, proposals
from orders.selectors.orders import listed, one, orders_of
from orders.services import drafts as services
from orders.services import invoices, steps
from orders.services.drafts import Want
from orders.states import TABLE, State, allowed
from tests.django.orders.shop import Shop, product, worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return Shop()


def free(shop: Shop) -> tuple[int | None, ...]:
    found = stocks.available([shop.pan.pk, shop.pot.pk])
    return found[shop.pan.pk], found[shop.pot.pk]


def test_given_goods_and_a_customer_when_a_draft_is_written_then_its_sums_and_address_are_there(shop: Shop) -> None:
    order = shop.draft(call="c1")
    assert (order.subtotal, order.delivery_fee, order.total) == (Decimal("259.90"), Decimal(6), Decimal("265.90"))
    assert (order.recipient, order.phone, order.city, order.street) == ("王芳", "+8613800138000", "杭州市", "文三路1号")
    assert (order.state, order.taken_by, order.agent, order.currency) == ("draft", shop.anna, "1001", "CNY")
    assert len(order.number) == 8
    assert shop.fresh(order).balance == 0
    assert free(shop) == (10, 10)


def test_given_a_draft_when_the_call_is_lost_then_it_is_found_again_as_it_was(shop: Shop) -> None:
    order = shop.draft(call="c1", note="rings the bell twice")
    begun = draft_for(shop.anna, shop.customer, "c2")
    assert begun == draft_for(shop.anna, shop.customer, "c1") == order
    found = one(order.number)
    assert found is not None
    assert (found.note, [(line.code, line.quantity) for line in found.lines.all()]) == (
        "rings the bell twice",
        [("1001", 2), ("1002", 1)],
    )
    assert orders_of([shop.customer.pk])[shop.customer.pk] == [order]
    assert draft_for(shop.rita, shop.customer, "c1") is None
    with pytest.raises(Conflict, match=order.number):
        shop.draft(call="c1")


def test_given_a_draft_when_it_is_changed_then_the_same_product_is_one_line_and_the_sums_follow(shop: Shop) -> None:
    order = shop.draft()
    order = services.change(order, shop.anna, {"city": "宁波市"}, [Want("1001", 1), Want("1002", 2), Want("1001", 3)])
    assert [(line.code, line.quantity) for line in order.lines.all()] == [("1001", 4), ("1002", 2)]
    assert (order.subtotal, order.delivery_fee, order.total) == (Decimal("519.80"), Decimal(0), Decimal("519.80"))
    order = services.change(order, shop.anna, {"note": "later"})
    assert order.lines.count() == 2
    entry = AuditEntry.objects.filter(action="orders.change", key=str(order.pk)).latest("id")
    assert entry.changes == {"note": ["", "later"]}


@pytest.mark.parametrize("quantity", [0, -1, 10_000])
def test_given_a_quantity_that_is_none_when_written_then_it_is_refused(shop: Shop, quantity: int) -> None:
    with pytest.raises(ValidationError, match="quantity"):
        shop.draft((shop.pan, quantity))


def test_given_a_draft_that_lacks_things_when_submitted_then_each_is_named_and_nothing_happens(shop: Shop) -> None:
    order = services.add(shop.anna, shop.customer, {"street": "", "invoice_kind": "company"})
    with pytest.raises(ValidationError) as refused:
        steps.submit(order, shop.anna)
    assert set(refused.value.message_dict) == {"lines", "street", "method", "invoice_title", "invoice_tax_number"}
    assert shop.fresh(order).state == "draft"


def test_given_a_submitted_order_then_the_goods_are_kept_for_it_and_it_cannot_be_changed(shop: Shop) -> None:
    order = shop.order("submitted")
    assert (order.state, free(shop), order.balance) == ("submitted", (8, 9), Decimal("265.90"))
    with pytest.raises(Conflict):
        services.change(order, shop.anna, {"note": "too late"})


def test_given_more_than_there_is_when_submitted_then_it_is_refused_and_nothing_is_kept(shop: Shop) -> None:
    order = shop.draft((shop.pan, 11), (shop.pot, 1))
    with pytest.raises(Conflict) as refused:
        steps.submit(order, shop.anna)
    assert "lines" in refused.value.message_dict
    assert (free(shop), shop.fresh(order).state) == ((10, 10), "draft")


def test_given_a_price_that_changed_since_the_draft_when_submitted_then_it_is_said_first(shop: Shop) -> None:
    order = shop.draft()
    shop.pan.prices.create(price=Decimal("120"), since=order.created_at)
    with pytest.raises(Conflict, match="120"):
        steps.submit(order, shop.anna)
    order = services.change(order, shop.anna, {})
    assert order.total == Decimal("299.90") + 6
    assert steps.submit(order, shop.anna).state == "submitted"


def test_given_an_order_when_it_goes_its_way_then_stock_money_and_log_follow(shop: Shop) -> None:
    order = shop.order("picking")
    assert (order.delivery.carrier, order.delivery.method, free(shop)) == (shop.carrier, shop.method, (8, 9))
    order = steps.ship(order, shop.will, "SF1001")
    assert order.delivery.cod_amount == Decimal("265.90")
    assert order.delivery.tracking_link == "https://example.org/track/SF1001"
    order = shop.fresh(steps.deliver(order, shop.will, "王芳", collected=Decimal("265.90")))
    assert (order.state, order.paid, order.balance) == ("delivered", Decimal("265.90"), 0)
    payment = Payment.objects.get(order=order)
    assert (payment.method, payment.payer, payment.reference) == ("cod", "王芳", "sf SF1001")
    entries = AuditEntry.objects.filter(entity="orders.order", key=str(order.pk)).order_by("id")
    assert [(entry.action, entry.user) for entry in entries] == [
        ("orders.add", shop.anna),
        ("orders.submit", shop.anna),
        ("orders.approve", shop.rita),
        ("orders.pick", shop.will),
        ("orders.ship", shop.will),
        ("orders.deliver", shop.will),
    ]
    assert entries[2].changes["state"] == ["submitted", "approved"]


@pytest.mark.parametrize("state", ["submitted", "approved", "picking"])
def test_given_an_order_when_it_is_cancelled_on_its_way_then_the_goods_are_free_again(shop: Shop, state: str) -> None:
    order = shop.order(state)
    with pytest.raises(ValidationError, match="say why"):
        steps.cancel(order, shop.anna)
    order = shop.fresh(steps.cancel(order, shop.anna, "changed her mind"))
    assert (order.state, order.reason, order.balance, free(shop)) == ("cancelled", "changed her mind", 0, (10, 10))


@pytest.mark.parametrize("how", [steps.cancel, steps.refuse, steps.reopen])
def test_given_an_invoice_that_stands_when_the_order_is_called_back_then_it_is_withdrawn_first(shop: Shop, how: Any) -> None:
    order, by = shop.order("submitted"), shop.rita if how is steps.refuse else shop.anna
    invoice = invoices.issue(order, shop.fred)
    with pytest.raises(Conflict, match=f"Withdraw the invoice {invoice.number} first"):
        how(order, by, "no more")
    assert (shop.fresh(order).state, free(shop)) == ("submitted", (8, 9))
    invoices.void(invoice, shop.fred, "no more")
    assert how(order, by, "no more").state != "submitted"


def test_given_a_refused_order_when_it_is_changed_and_submitted_again_then_it_can_be_approved(shop: Shop) -> None:
    order = steps.refuse(shop.order("submitted"), shop.rita, "no such street")
    assert (order.state, order.reason, free(shop)) == ("refused", "no such street", (10, 10))
    order = steps.reopen(order, shop.anna)
    order = services.change(order, shop.anna, {"street": "文三路2号"})
    order = steps.submit(order, shop.anna)
    assert steps.approve(order, shop.rita, shop.carrier).state == "approved"


def test_given_an_order_that_is_paid_before_when_it_is_not_paid_then_it_does_not_leave(shop: Shop) -> None:
    order = shop.order("picking", pay_by="transfer")
    with pytest.raises(Conflict, match=r"265\.90 CNY"):
        steps.ship(order, shop.will)
    assert free(shop) == (8, 9)


def test_given_cash_to_be_collected_when_delivered_then_it_is_to_be_told(shop: Shop) -> None:
    order = shop.order("shipped")
    with pytest.raises(ValidationError, match="collect"):
        steps.deliver(order, shop.will)
    with pytest.raises(ValidationError, match=r"265\.90"):
        steps.deliver(order, shop.will, collected=Decimal("265.91"))
    order = shop.fresh(steps.deliver(order, shop.will, collected=Decimal("200")))
    assert (order.paid, order.balance) == (Decimal(200), Decimal("65.90"))


def test_given_a_carrier_that_does_not_fit_when_approved_then_it_is_refused(shop: Shop) -> None:
    order = shop.order("submitted")
    post = shop.method.carriers.get(code="post")
    with pytest.raises(ValidationError, match="cash"):
        steps.approve(order, shop.rita, post)
    shop.method.carriers.remove(shop.carrier)
    with pytest.raises(ValidationError, match="in this way"):
        steps.approve(order, shop.rita, shop.carrier)


def test_given_a_tracking_number_when_another_order_has_it_then_it_is_refused(shop: Shop) -> None:
    steps.ship(shop.order("picking", (shop.pan, 1)), shop.will, "SF7000")
    with pytest.raises(ValidationError, match="tracking"):
        steps.ship(shop.order("picking", (shop.pot, 1)), shop.will, "SF7000")


# -- who may, and what the table allows ------------------------------------------------------------------------


def test_given_who_has_no_right_when_they_try_then_nothing_happens(shop: Shop) -> None:
    order = shop.order("submitted")
    for person, step in (
        (shop.anna, lambda by: steps.approve(order, by, shop.carrier)),
        (shop.will, lambda by: steps.refuse(order, by, "no")),
        (shop.will, lambda by: steps.cancel(order, by, "no")),
    ):
        with pytest.raises(PermissionDenied):
            step(person)
    other = worker("otto", "expert")
    draft = shop.draft()
    with pytest.raises(PermissionDenied):
        services.change(draft, other, {"note": "not mine"})
    assert shop.fresh(order).state == "submitted"


def test_given_every_pair_of_states_then_table_and_database_allow_the_same(shop: Shop) -> None:
    pairs = {(source, row.target) for row in TABLE.values() for source in row.sources}
    for source in State:
        for target in State:
            row = {"number": services.next_number(), "recipient": "王芳", "street": "文三路1号"}
            order = Order.objects.create(customer=shop.customer, state=source, **row)
            works = True
            try:
                with transaction.atomic():
                    Order.objects.filter(pk=order.pk).update(state=target)
            except IntegrityError:
                works = False
            assert works is ((source, target) in pairs or source == target), (source, target)


def test_given_any_state_when_a_step_that_is_not_in_its_row_is_tried_then_it_is_a_conflict(shop: Shop) -> None:
    order = shop.order("approved")
    doing = {
        "submit": lambda: steps.submit(order, shop.anna),
        "refuse": lambda: steps.refuse(order, shop.rita, "no"),
        "reopen": lambda: steps.reopen(order, shop.anna),
        "approve": lambda: steps.approve(order, shop.rita, shop.carrier),
        "ship": lambda: steps.ship(order, shop.will),
        "deliver": lambda: steps.deliver(order, shop.will),
    }
    assert {"pick", "cancel"} == set(allowed("approved"))
    for name, step in doing.items():
        with pytest.raises(Conflict, match="state"):
            step()
        assert name not in allowed("approved")


def test_given_wrong_sums_when_written_past_the_services_then_the_database_refuses_them(shop: Shop) -> None:
    order = shop.order("submitted")
    for wrong in (
        lambda: Order.objects.filter(pk=order.pk).update(subtotal=1, total=7),
        lambda: Order.objects.filter(pk=order.pk).update(paid=5),
        lambda: order.lines.all().delete(),
        lambda: Payment.objects.create(order=order, method="cash", payer="x", amount=1, currency="CNY"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_given_goods_in_another_currency_when_ordered_together_then_it_is_refused(shop: Shop) -> None:
    with pytest.raises(ValidationError, match="one currency"):
        shop.draft((shop.pan, 1), (product("9001", "5", currency="EUR"), 1))


def test_given_more_lines_when_an_order_is_entered_then_it_takes_no_more_queries(shop: Shop) -> None:
    goods = [product(f"30{n:02}", "10") for n in range(8)]

    def queries(lines: int) -> tuple[int, int, int]:
        with CaptureQueriesContext(connection) as written:
            order = shop.draft(*((one, 1) for one in goods[:lines]))
        draft = listed().get(pk=order.pk)
        with CaptureQueriesContext(connection) as proposed:
            proposals(draft)
        with CaptureQueriesContext(connection) as submitted:
            steps.submit(order, shop.anna)
        return len(written), len(proposed), len(submitted)

    queries(1)  # anna's rights are read once
    first = queries(2)
    assert queries(8) == first
    assert first[0] <= 12
    assert first[1] <= 4
    assert first[2] <= 25


def test_given_rules_for_shipping_and_delivery_when_an_order_comes_there_then_its_customer_is_called_once_each(
    shop: Shop,
) -> None:
    from crm.models import OutboundRule, OutboundTask

    for event, kind in (("order_shipped", "reminder"), ("order_delivered", "visit")):
        OutboundRule.objects.create(title=event, event=event, kind=kind, reason="回访", days=3, own_agent=True)
    order = shop.order("delivered")
    shop.order("picking")
    found = {task.kind: task for task in OutboundTask.objects.all()}
    assert (sorted(found), OutboundTask.objects.count()) == (["reminder", "visit"], 2)
    visit, delivered = found["visit"], order.delivery.delivered_at
    assert (visit.order, visit.customer, visit.agent, visit.state) == (order.number, order.customer, order.agent, "planned")
    assert visit.due_at == delivered + timedelta(days=3)
