"""Orders that come from another system, signed, and what that system is told of them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from ccenter.office.models import AuditEntry
from ccenter.office.webhooks import DELAYS
from crm.models import Customer, RefusedRow, Source, SourceRow, SourceRun
from crm.services import sources, syncing
from orders.models import Order, Payment
from orders.services import drafts, order_sync, payments, steps
from orders.services.drafts import Want
from tests.django.orders.shop import PHONE, Shop, product
from tests.django.people import client, person

pytestmark = pytest.mark.django_db
MAPPING = {
    "customer": "buyer", "lines": "goods", "recipient": "name", "phone": "tel", "city": "city", "street": "street", "method": "way",
    "cancelled": "void", "state": "state", "number": "our_number", "payments": "paid", "delivery_fee": "fee",
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


# -- what was sold there ---------------------------------------------------------------------------------------

SOLD = {**ROW, "goods": "1001*2@89.00; 1002@10", "fee": "0", "paid": "alipay:A1:100"}


def test_given_what_the_shop_sold_it_for_then_that_is_the_price_whatever_ours_is_and_the_record_says_so(
    shop: Shop, source: Source
) -> None:
    shop.pot.on_sale = False  # here, not there
    shop.pot.save()
    assert counts(sent(source, SOLD)) == {"read": 1, "added": 1}
    order = Order.objects.get()
    lines = [(line.code, line.price, line.sold) for line in order.lines.all()]
    assert lines == [("1001", Decimal("89.00"), True), ("1002", Decimal("10.00"), True)]
    assert (order.subtotal, order.delivery_fee, order.total) == (Decimal(188), Decimal(0), Decimal(188))
    (told,) = AuditEntry.objects.filter(action="orders.add")
    assert told.changes["lines"][1] == ["1001 × 2 à 89.00 as sold elsewhere", "1002 × 1 à 10.00 as sold elsewhere"]
    assert counts(sent(source, {**SOLD, "goods": "1001*2@88.50"})) == {"read": 1, "changed": 1}
    order.refresh_from_db()
    assert (order.state, order.total) == ("submitted", Decimal(177))
    assert order_sync.load([order.pk])[order.pk]["lines"] == "1001*2@88.50"


def test_given_an_order_sold_elsewhere_when_it_is_changed_here_then_what_was_sold_keeps_its_price(
    shop: Shop, source: Source
) -> None:
    sent(source, SOLD)
    root = person("root", "admin")
    order = steps.reopen(Order.objects.get(), root, "wrong street")
    order = drafts.change(order, root, {"street": "文三路2号"}, [Want("1001", 1), Want("1002", 1)])
    assert [(line.price, line.sold) for line in order.lines.all()] == [(Decimal(89), True), (Decimal(10), True)]
    steps.submit(order, root)
    assert (shop.fresh(order).total, shop.fresh(order).state) == (Decimal(99), "submitted")


# -- what was paid there ---------------------------------------------------------------------------------------


def entered() -> list[tuple[str, str, str]]:
    connection.check_constraints()  # the sums are compared at the end of a transaction
    return [(one.method, one.reference, f"{one.amount:.2f}") for one in Payment.objects.order_by("id")]


def test_given_payments_the_shop_reports_then_each_is_entered_once_however_often_it_comes(shop: Shop, source: Source) -> None:
    sent(source, SOLD)
    order = Order.objects.get()
    assert (entered(), order.paid, order.balance) == ([("alipay", "A1", "100.00")], Decimal(100), Decimal(88))
    assert counts(sent(source, SOLD)) == {"read": 1, "same": 1}
    steps.approve(order, shop.rita, shop.carrier, shop.method, reason="looked at")
    more = {**SOLD, "paid": "alipay:A1:100.00; card:C7:88@2026-11-20T10:00"}
    assert counts(sent(source, more)) == {"read": 1, "changed": 1}
    assert counts(sent(source, more)) == {"read": 1, "same": 1}
    SourceRow.objects.update(theirs="")  # all is compared from the beginning
    sent(source, more)
    order.refresh_from_db()
    assert (entered()[1:], order.paid, order.balance) == ([("card", "C7", "88.00")], Decimal(188), Decimal(0))
    assert Payment.objects.get(reference="C7").paid_at.isoformat().startswith("2026-11-20")


def test_given_ours_counts_and_a_refused_change_then_money_that_came_in_is_taken_all_the_same(shop: Shop, source: Source) -> None:
    sent(source, {**SOLD, "paid": ""})
    steps.approve(Order.objects.get(), shop.rita, shop.carrier, shop.method, reason="looked at")
    run = sent(source, {**SOLD, "goods": "1002@10", "paid": "alipay:A1:50"})
    assert (counts(run), entered()) == ({"read": 1, "refused": 1}, [("alipay", "A1", "50.00")])
    sources.change_source(None, source, {"conflict": "ours"})
    assert counts(sent(source, {**SOLD, "goods": "1001@10", "paid": "alipay:A1:50; cash:K1:5"})) == {"read": 1, "kept": 1}
    assert entered()[1:] == [("cash", "K1", "5.00")]


def test_given_payments_that_cannot_be_then_the_row_says_so_and_one_undone_here_stays_undone(shop: Shop, source: Source) -> None:
    for paid in ("alipay::5", "gold:G1:5", "alipay:A1:-5", "alipay:A1:0", "alipay:A1:5@yesterday00", "alipay:A1:5; alipay:A1:6"):
        run = sent(source, {**SOLD, "paid": paid})
        assert counts(run) == {"read": 1, "refused": 1}, paid
    assert (Order.objects.count(), entered()) == (0, [])
    sent(source, SOLD)
    payments.correct(Payment.objects.get(), shop.fred, "not ours")
    sent(source, {**SOLD, "name": "王小芳"})
    assert (Order.objects.get().recipient, Order.objects.get().paid) == ("王小芳", Decimal(0))
    other = sent(source, {**SOLD, "id": "w2"})
    assert counts(other) == {"read": 1, "added": 1}  # whose money it was after all
    assert counts(sent(source, {**SOLD, "id": "w3"})) == {"read": 1, "refused": 1}  # it is w2's


# -- what was refused ------------------------------------------------------------------------------------------


def test_given_a_refused_row_then_it_is_tried_again_in_its_time_and_taken_once_it_is_possible(shop: Shop, source: Source) -> None:
    early = {**ROW, "goods": "2001"}
    assert counts(sent(source, early)) == {"read": 1, "refused": 1}
    kept = RefusedRow.objects.get()
    assert (kept.key, kept.tries, kept.state, "2001" in kept.reasons) == ("w1", 1, "waiting", True)
    assert counts(sent(source, early)) == {"read": 1}  # as it was, and not due yet
    now = timezone.now()
    assert syncing.again_due(now) == 0
    RefusedRow.objects.update(next_at=now)
    assert syncing.again_due(now) == 1
    kept.refresh_from_db()
    assert (kept.tries, kept.next_at > now, counts(SourceRun.objects.latest("id"))) == (2, True, {"again": 1, "refused": 1})
    product("2001", "5.00")
    RefusedRow.objects.update(next_at=now)
    assert syncing.again_due(now) == 1
    assert counts(SourceRun.objects.latest("id")) == {"again": 1, "added": 1}
    assert (RefusedRow.objects.count(), Order.objects.get().lines.get().code) == (0, "2001")
    assert counts(sent(source, early)) == {"read": 1, "same": 1}


def test_given_a_row_that_never_will_be_then_it_is_given_up_until_it_changes_or_somebody_has_it_tried(
    shop: Shop, source: Source
) -> None:
    bad = {**ROW, "goods": "2001"}
    sent(source, bad)
    for _again in DELAYS:
        RefusedRow.objects.update(next_at=timezone.now())
        assert syncing.again_due(timezone.now()) == 1
    kept = RefusedRow.objects.get()
    assert (kept.state, kept.tries, SourceRun.objects.latest("id").counts["given_up"]) == ("dead", len(DELAYS) + 1, 1)
    RefusedRow.objects.update(next_at=timezone.now() - timedelta(days=1))
    assert (syncing.again_due(timezone.now()), counts(sent(source, bad))) == (0, {"read": 1})
    root, lead = client(person("root", "admin")), client(person("lena", "lead"))
    (shown,) = root.get("/api/crm/source-refusals/", {"state": "dead"}).json()["results"]
    where = f"/api/crm/source-refusals/{shown['id']}/again/"
    assert (lead.post(where).status_code, root.post(where).json()["state"]) == (403, "waiting")
    assert syncing.again_due(timezone.now()) == 1
    assert RefusedRow.objects.get().tries == 1
    assert counts(sent(source, {**bad, "goods": "1001"})) == {"read": 1, "added": 1}  # it changed: at once
    assert not RefusedRow.objects.exists()
