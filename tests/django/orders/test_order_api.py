"""Orders over REST: entry, steps, money and papers, each by who may."""

from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from ccenter.office import jobs
from ccenter.office.models import Job, Webhook, WebhookDelivery
from orders.models import Order, Payment, ReviewRules
from tests.django.orders.shop import Shop, customer, product, worker
from tests.django.people import client

pytestmark = pytest.mark.django_db
ORDERS = "/api/orders/orders/"


@pytest.fixture
def shop() -> Shop:
    return Shop()


def entered(shop: Shop, **more: Any) -> tuple[APIClient, dict[str, Any]]:
    """What anna enters: two pans by the standard way."""
    anna = client(shop.anna)
    sent = {"customer": shop.customer.pk, "call": "c1", "method": "standard", "lines": [{"code": "1001", "quantity": 2}], **more}
    answer = anna.post(ORDERS, sent, headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 201, answer.json()
    return anna, answer.json()


def step(asking: APIClient, order: dict[str, Any], name: str, **sent: Any) -> Any:
    tag = {"If-Match": f'"{order["version"]}"'}
    return asking.post(f"{ORDERS}{order['number']}/{name}/", sent, headers=tag)


def test_given_a_call_when_an_order_is_entered_then_it_goes_to_the_customers_door_by_everybodys_hands(shop: Shop) -> None:
    anna, order = entered(shop)
    assert (order["state"], order["total"], order["phone"]) == ("draft", "206.00", "138****8000")
    rita, will, fred = client(shop.rita), client(shop.will), client(shop.fred)
    for asking, name, sent in (
        (anna, "submit", {}),
        (rita, "approve", {"carrier": "sf"}),
        (will, "pick", {}),
        (will, "ship", {"tracking": "SF1"}),
        (will, "tracking", {"tracking": "SF12345"}),
        (will, "deliver", {"signed_by": "王芳", "collected": "206.00"}),
    ):
        answer = step(asking, order, name, **sent)
        if name == "ship":
            assert answer.status_code == 400, "too short for a tracking number"
            answer = step(asking, order, name)
        assert answer.status_code == 200, (name, answer.json())
        order = answer.json()
    assert (order["state"], order["balance"], order["delivery"]["tracking"]) == ("delivered", "0.00", "SF12345")
    assert order["delivery"]["tracking_link"] == "https://example.org/track/SF12345"
    sent = {"reason": "faulty", "lines": [{"line": order["lines"][0]["id"], "quantity": 1}]}
    answer = will.post(f"{ORDERS}{order['number']}/take-back/", sent, headers={"If-Match": f'"{order["version"]}"'})
    assert (answer.status_code, answer.json()["balance"]) == (200, "-100.00")
    refund = {"order": order["number"], "amount": "100.00", "method": "transfer", "payer": "王芳"}
    assert fred.post("/api/orders/payments/refund/", refund).status_code == 201
    kinds = [row["kind"] for row in fred.get(f"/api/orders/payments/?order={order['number']}").json()["results"]]
    assert kinds == ["refund", "payment"]
    assert fred.get(f"/api/orders/returns/?order={order['number']}").json()["results"][0]["lines"][0]["code"] == "1001"


def test_given_the_same_post_twice_when_it_has_a_key_then_there_is_one_draft(shop: Shop) -> None:
    _anna, first = entered(shop)
    _anna, second = entered(shop)
    assert first["number"] == second["number"]
    assert Order.objects.count() == 1


def test_given_a_draft_when_changed_by_an_old_version_then_it_is_refused(shop: Shop) -> None:
    anna, order = entered(shop)
    address = f"{ORDERS}{order['number']}/"
    assert anna.patch(address, {"note": "x"}).status_code == 428
    changed = anna.patch(address, {"lines": [{"code": "1002", "quantity": 1}]}, headers={"If-Match": f'"{order["version"]}"'})
    assert (changed.status_code, changed.json()["total"], changed.json()["street"]) == (200, "65.90", order["street"])
    assert anna.patch(address, {"note": "x"}, headers={"If-Match": f'"{order["version"]}"'}).status_code == 412
    assert step(anna, order, "submit").status_code == 412
    masked = anna.patch(address, {"phone": "138****8000"}, headers={"If-Match": changed.headers["ETag"]})
    assert masked.status_code == 400
    assert "phone" in masked.json()["fields"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": [{"code": "nope", "quantity": 1}]},
        {"lines": [{"code": "1001", "quantity": 0}]},
        {"lines": [{"code": "1001", "quantity": 1, "price": "0.01"}]},
        {"total": "1.00"},
        {"state": "delivered"},
        {"customer": 0},
        {"phone": "no number"},
        {"pay_by": "gold"},
        {"gifts": [{"rule": 999, "quantity": 1}]},
        {"points_used": -1},
    ],
)
def test_given_nonsense_when_entered_then_it_is_a_clear_error_and_nothing_is_there(shop: Shop, wrong: dict[str, Any]) -> None:
    sent = {"customer": shop.customer.pk, "method": "standard", "lines": [], **wrong}
    answer = client(shop.anna).post(ORDERS, sent)
    if answer.status_code == 201:  # what is counted here may be sent, and is not believed
        assert (answer.json()["subtotal"], answer.json()["state"]) == ("100.00" if wrong.get("lines") else "0.00", "draft")
        return
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["fields"]
    assert not Order.objects.exists()


def test_given_a_step_that_the_state_forbids_when_asked_then_it_is_a_conflict(shop: Shop) -> None:
    _anna, order = entered(shop)
    answer = step(client(shop.rita), order, "approve", carrier="sf")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_given_somebody_without_the_right_when_they_ask_then_they_are_refused(shop: Shop) -> None:
    anna, order = entered(shop)
    order = step(anna, order, "submit").json()
    assert step(anna, order, "approve", carrier="sf").status_code == 403
    assert anna.post("/api/orders/payments/", {}).status_code == 403
    shopkeeper = client(worker("bob", "branch"))
    assert shopkeeper.get(f"{ORDERS}{order['number']}/").status_code == 404
    assert shopkeeper.get(ORDERS).json()["results"] == []
    assert APIClient().get(ORDERS).status_code == 401


def test_given_a_draft_when_proposals_are_asked_for_then_ways_and_points_are_told(shop: Shop) -> None:
    anna, order = entered(shop)
    told = anna.get(f"{ORDERS}{order['number']}/proposals/").json()
    assert told["ways"] == [{"method": "standard", "name": "Standard", "fee": "6.00"}]
    assert told["points"] == {"points": 0, "worth": "0.00"}
    assert told["gifts"] == []


def test_given_orders_when_searched_and_filtered_then_the_right_ones_are_there(shop: Shop) -> None:
    first = shop.order("delivered", (shop.pan, 1))
    shop.customer = customer("张伟", "+8613900139000")
    second = shop.order("submitted", (shop.pot, 1))
    rita = client(shop.rita)

    def numbers(query: str) -> list[str]:
        answer = rita.get(f"{ORDERS}?{query}")
        assert answer.status_code == 200, answer.json()
        return [row["number"] for row in answer.json()["results"]]

    assert numbers("") == [second.number, first.number]
    assert numbers("state=submitted") == [second.number]
    assert numbers(f"search={first.number}") == [first.number]
    assert numbers("search=13900139000") == [second.number]
    assert numbers("search=王芳") == [first.number]
    assert numbers(f"search=SF{first.number}") == [first.number]
    assert numbers("owing=true") == [second.number]
    assert numbers("carrier=sf") == [first.number]
    assert rita.get(f"{ORDERS}?colour=red").status_code == 400


def test_given_more_orders_when_listed_then_it_takes_no_more_queries(shop: Shop, django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        shop.order("approved", (shop.pot, 1))
    rita = client(shop.rita)
    rita.get(ORDERS)
    with django_assert_max_num_queries(8):
        assert len(rita.get(ORDERS).json()["results"]) == 3


def test_given_an_order_that_is_taken_when_asked_for_then_each_request_has_few_queries(
    shop: Shop, django_assert_max_num_queries: Any
) -> None:
    """Sixty people do this at once. What is counted holds who asks (three) and the transaction (two, and two of the service)."""
    entered(shop)
    anna, order = client(shop.anna), Order.objects.get()
    address, tag = f"{ORDERS}{order.number}/", f'"{order.version}"'
    codes = [product(f"2{n:03}", "10").code for n in range(20)]
    with django_assert_max_num_queries(17):
        sent = {"lines": [{"code": code, "quantity": 1} for code in codes]}
        tag = anna.patch(address, sent, headers={"If-Match": tag}).headers["ETag"]
    with django_assert_max_num_queries(9):
        assert anna.get(f"{address}proposals/").status_code == 200
    with django_assert_max_num_queries(4):
        assert anna.get("/api/orders/products/offers/?text=1001").json()[0]["code"] == "1001"
    with django_assert_max_num_queries(31):
        assert anna.post(f"{address}submit/", headers={"If-Match": tag}).json()["state"] == "submitted"
    with django_assert_max_num_queries(22):
        sent = {"customer": shop.customer.pk, "method": "standard", "lines": [{"code": "1001", "quantity": 1}]}
        assert anna.post(ORDERS, sent, headers={"Idempotency-Key": "k2"}).status_code == 201


def test_given_a_payment_when_entered_and_corrected_then_the_order_owes_as_before(shop: Shop) -> None:
    order, fred = shop.order("submitted"), client(shop.fred)
    sent = {"order": order.number, "amount": "265.90", "method": "transfer", "payer": "王芳", "reference": "B1"}
    answer = fred.post("/api/orders/payments/", sent)
    assert answer.status_code == 201, answer.json()
    assert fred.post("/api/orders/payments/", sent).status_code in (400, 409)
    undone = fred.post(f"/api/orders/payments/{answer.json()['id']}/correct/", {"note": "the other order"})
    assert (undone.status_code, undone.json()["amount"]) == (201, "-265.90")
    assert shop.fresh(order).balance == Decimal("265.90")
    assert Payment.objects.count() == 2


def test_given_papers_when_asked_for_then_who_may_gets_a_pdf(shop: Shop) -> None:
    order, fred = shop.order("picking"), client(shop.fred)
    note = client(shop.will).get(f"{ORDERS}{order.number}/delivery-note/")
    assert (note.status_code, note.headers["Content-Type"], note.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert client(shop.anna).get(f"{ORDERS}{order.number}/delivery-note/").status_code == 403
    draft = shop.draft((shop.pot, 1))
    assert client(shop.will).get(f"{ORDERS}{draft.number}/delivery-note/").status_code == 404
    answer = fred.post("/api/orders/invoices/", {"order": order.number})
    assert answer.status_code == 201, answer.json()
    invoice = answer.json()
    assert fred.get(f"/api/orders/invoices/{invoice['id']}/pdf/").content[:5] == b"%PDF-"
    void = fred.post(
        f"/api/orders/invoices/{invoice['id']}/void/", {"reason": "title"}, headers={"If-Match": answer.headers["ETag"]}
    )
    assert (void.status_code, void.json()["void_reason"]) == (200, "title")


def test_given_the_delivery_settings_when_an_administrator_changes_them_then_the_fees_follow(shop: Shop) -> None:
    boss = client(worker("boss", "office_admin"))
    answer = boss.post(
        "/api/orders/delivery-methods/", {"code": "express", "name_zh": "快递", "name_en": "Express", "carriers": ["sf"]}
    )
    assert answer.status_code == 201, answer.json()
    fee = boss.post("/api/orders/delivery-fees/", {"method": "express", "fee": "15.00"})
    assert fee.status_code == 201, fee.json()
    assert boss.post("/api/orders/delivery-fees/", {"method": "express", "fee": "16.00"}).status_code == 400
    assert boss.post("/api/orders/carriers/", {"code": "zto", "name": "中通"}).status_code == 201
    ReviewRules.objects.get_or_create(pk=1)
    assert boss.patch("/api/orders/review-rules/1/", {"limit": "100"}, headers={"If-Match": '"1"'}).status_code == 200
    _anna, order = entered(shop, method="express")
    assert order["delivery_fee"] == "15.00"


def test_given_orders_when_exported_then_the_file_has_what_its_owner_may_read(shop: Shop, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    order, other = shop.order("submitted"), shop.draft((shop.pot, 1))
    answer = client(shop.rita).post("/api/orders/order-exports/", {"kind": "csv", "filters": "state=submitted"})
    assert answer.status_code == 202, answer.json()
    job = Job.objects.get()
    jobs.run(job.pk)
    file = client(shop.rita).get(f"/api/office/jobs/{job.pk}/result/")
    text = b"".join(file.streaming_content).decode("utf-8-sig")
    assert order.number in text
    assert "13800138000" in text
    assert other.number not in text
    assert client(shop.rita).post("/api/orders/order-exports/", {"filters": "colour=red"}).status_code == 400
    assert client(shop.anna).post("/api/orders/order-exports/", {}).status_code == 403


def test_given_a_subscriber_when_an_order_is_approved_then_they_will_hear_of_it(shop: Shop) -> None:
    Webhook.objects.create(name="shop", url="https://example.org/hook", events=["order.approved"], secret="whsec_" + "a" * 32)
    order = shop.order("approved")
    told = WebhookDelivery.objects.get()
    assert told.event == "order.approved"
    assert {order.number, "265.90"} <= set(str(told.body).replace("'", " ").split())
