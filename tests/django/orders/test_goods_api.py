"""Products, stock, gifts, points and purchases over REST: who may, what comes back, what is refused."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ccenter.office.models import AuditEntry, Right
from crm.services import merging
from orders.models import PointEntry, Product, ProductPrice
from orders.services import points, stock
from tests.django.orders.shop import customer, product
from tests.django.people import client, person

pytestmark = pytest.mark.django_db
API = "/api/orders"


@pytest.fixture
def boss(db: None) -> Any:
    return client(person("boss", "office_admin"))


@pytest.fixture
def will(db: None) -> Any:
    return client(person("will", "warehouse"))


@pytest.fixture
def anna(db: None) -> Any:
    return client(person("anna", "agent", seat="1001"))


def send(answer: Any, status: int) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def etag(asker: Any, address: str) -> dict[str, str]:
    return {"If-Match": asker.get(address)["ETag"]}


# -- products --------------------------------------------------------------------------------------------------


def test_given_who_may_change_products_but_not_set_prices_when_a_price_is_sent_then_it_is_refused(boss: Any, will: Any) -> None:
    pan = send(boss.post(f"{API}/products/", {"code": "1001", "name": "不粘炒锅", "price": "299.00"}), 201)
    address = f"{API}/products/{pan['id']}/"
    Right.objects.create(group=Group.objects.get(name="warehouse"), action="products.change", scope="all")
    send(will.patch(address, {"price": "1.00", "unit": "个"}, headers=etag(will, address)), 403)
    assert send(boss.get(address), 200)["price"] == "299.00"
    assert send(will.patch(address, {"price": "299.00", "unit": "个"}, headers=etag(will, address)), 200)["unit"] == "个"


def test_given_a_product_when_written_and_changed_then_price_and_history_follow(boss: Any) -> None:
    kitchen = send(boss.post(f"{API}/product-categories/", {"code": "kitchen", "name_zh": "厨具", "name_en": "Kitchen"}), 201)
    size = {"category": kitchen["id"], "code": "size", "name_zh": "尺寸", "name_en": "Size", "kind": "number", "unit": "cm"}
    send(boss.post(f"{API}/product-attributes/", size), 201)
    body = {"code": "1001", "name": "不粘炒锅", "price": "299.00", "category": kitchen["id"], "attributes": {"size": 28}}
    pan = send(boss.post(f"{API}/products/", body), 201)
    assert (pan["price"], pan["available"], pan["currency"], pan["attributes"]) == ("299.00", 0, "CNY", {"size": 28})
    address = f"{API}/products/{pan['id']}/"
    assert send(boss.patch(address, {"price": "1"}), 428)["code"]
    old = etag(boss, address)
    assert send(boss.patch(address, {"price": "279.00"}, headers=old), 200)["price"] == "279.00"
    send(boss.patch(address, {"price": "1.00"}, headers=old), 412)
    later = (timezone.now() + timezone.timedelta(days=1)).isoformat()
    send(boss.post(f"{address}set_price/", {"price": "199.00", "since": later}, headers=etag(boss, address)), 200)
    assert [row["price"] for row in send(boss.get(f"{address}prices/"), 200)] == ["199.00", "279.00", "299.00"]
    assert send(boss.get(address), 200)["price"] == "279.00"
    assert send(boss.delete(address, headers=etag(boss, address)), 405)
    wrong = send(boss.post(f"{API}/products/", {**body, "code": "1002", "attributes": {"size": "big"}}), 400)
    assert set(wrong["fields"]) == {"attributes.size"}
    for query, found in (
        (f"category={kitchen['id']}", 1), ("attribute=size:28", 1), ("attribute=size:30", 0), ("search=bzcg", 1),
        ("sold_now=true", 1), ("sold_now=false", 0), ("stocked=false", 0), ("on_sale=true", 1),
    ):  # fmt: skip
        assert len(send(boss.get(f"{API}/products/?{query}"), 200)["results"]) == found, query
    send(boss.get(f"{API}/products/?attribute=size"), 400)
    send(boss.get(f"{API}/products/?color=red"), 400)


def test_given_an_agent_then_they_see_what_is_sold_and_write_nothing(anna: Any, boss: Any) -> None:
    product("1001", "100", 7)
    product("1002", "100", 0, on_sale=False)
    assert [(one["code"], one["available"]) for one in send(anna.get(f"{API}/products/offers/?text=100"), 200)] == [("1001", 7)]
    send(anna.get(f"{API}/products/offers/?txt=1"), 400)
    send(anna.post(f"{API}/products/", {"code": "1003", "name": "x", "price": "1"}), 403)
    send(anna.get(f"{API}/suppliers/"), 403)
    send(anna.get(f"{API}/products/"), 200)
    assert Product.objects.count() == 2
    assert not ProductPrice.objects.exists()


# -- stock -----------------------------------------------------------------------------------------------------


def test_given_stock_when_counted_by_the_warehouse_then_it_is_and_agents_may_not(will: Any, anna: Any) -> None:
    pan = product("1001", "100", 7)
    address = f"{API}/stock/{pan.pk}/"
    send(anna.post(f"{address}count/", {"counted": 99}), 403)
    assert send(will.post(f"{address}count/", {"counted": 5, "seen": 7, "reason": "broken"}), 200)["on_hand"] == 5
    assert set(send(will.post(f"{address}count/", {"counted": 5, "seen": 7}), 400)["fields"]) == {"seen"}
    assert send(will.post(f"{address}scrap/", {"quantity": 9, "reason": "old"}), 409)["fields"] == {
        "lines": ["1001 Product 1001: 5 left."]
    }
    assert send(will.post(f"{address}set_low/", {"low": 5}), 200)["low"] == 5
    assert [one["code"] for one in send(will.get(f"{API}/stock/?to_buy=true&ordering=code"), 200)["results"]] == ["1001"]
    assert [row.action for row in AuditEntry.objects.filter(entity="orders.stock").order_by("id")] == [
        "stock.count",
        "stock.change",
    ]
    stock.reserve("70001", {pan.pk: 2})
    moves = send(anna.get(f"{API}/stock-moves/?stock={pan.pk}&kind=counted"), 200)["results"]
    assert [(move["on_hand_before"], move["on_hand"], move["by"], move["reason"]) for move in moves] == [(7, 5, "will", "broken")]
    rows = send(anna.get(f"{API}/reservations/?ref=70001"), 200)["results"]
    assert [(row["code"], row["quantity"], row["issued"]) for row in rows] == [("1001", 2, False)]


# -- rules -----------------------------------------------------------------------------------------------------


def test_given_rules_when_they_make_no_sense_then_they_are_refused_with_a_reason(boss: Any, anna: Any) -> None:
    pan = product("1001", "100", 7)
    rule = {"name": "autumn", "gift": pan.pk, "least_amount": "300.00", "group": "autumn"}
    made = send(boss.post(f"{API}/gift-rules/", rule), 201)
    assert (made["quantity"], made["repeat"], made["active"]) == (1, False, True)
    kitchen = send(boss.post(f"{API}/product-categories/", {"code": "kitchen", "name_zh": "厨具", "name_en": "Kitchen"}), 201)
    for wrong in (
        {"product": pan.pk, "category": kitchen["id"]},
        {"quantity": 0},
        {"since": "2026-02-01T00:00Z", "until": "2026-01-01T00:00Z"},
    ):
        send(boss.post(f"{API}/gift-rules/", {**rule, **wrong}), 400)
    send(anna.post(f"{API}/gift-rules/", rule), 403)
    send(boss.post(f"{API}/earning-rules/", {"name": "all", "points": 1, "amount": "0"}), 400)
    send(boss.post(f"{API}/earning-rules/", {"name": "all", "points": 1, "amount": "1.00"}), 201)
    send(boss.post(f"{API}/point-terms/", {"since": "2026-01-01T00:00Z", "worth": "0.0100", "most_share": 101}), 400)
    terms = send(boss.post(f"{API}/point-terms/", {"since": "2026-01-01T00:00Z", "worth": "0.0100"}), 201)
    assert (terms["step"], terms["most_share"], terms["months"]) == (100, 50, 24)
    send(boss.post(f"{API}/point-terms/", {"since": "2026-01-01T00:00Z", "worth": "0.02"}), 400)
    send(boss.post(f"{API}/point-levels/", {"level": "vip", "points": 1000}), 201)
    send(boss.post(f"{API}/point-exchanges/", {"product": pan.pk, "points": 500, "price": "5.00"}), 201)
    address = f"{API}/gift-rules/{made['id']}/"
    send(boss.patch(address, {"active": False}, headers=etag(boss, address)), 200)
    send(boss.delete(address, headers=etag(boss, address)), 204)


# -- points ----------------------------------------------------------------------------------------------------


def test_given_points_when_put_right_by_finance_then_the_entries_tell_and_agents_only_read(anna: Any) -> None:
    fred, wang = client(person("fred", "finance")), customer(points=20)
    send(anna.post(f"{API}/points/adjust/", {"customer": wang.pk, "points": 5, "reason": "x"}), 403)
    account = send(fred.post(f"{API}/points/adjust/", {"customer": wang.pk, "points": 5, "reason": "birthday"}), 200)
    assert (account["customer"], account["balance"]) == (wang.pk, 25)
    assert set(send(fred.post(f"{API}/points/adjust/", {"customer": 10**9, "points": 5, "reason": "x"}), 400)["fields"]) == {
        "customer"
    }
    assert send(fred.post(f"{API}/points/adjust/", {"customer": wang.pk, "points": -26, "reason": "x"}), 409)["fields"]
    entries = send(anna.get(f"{API}/point-entries/?account={wang.pk}"), 200)["results"]
    assert [(one["kind"], one["points"], one["balance"], one["by"]) for one in entries] == [
        ("adjusted", 5, 25, "fred"),
        ("opening", 20, 20, ""),
    ]
    assert [lot["left"] for lot in send(anna.get(f"{API}/points/{wang.pk}/lots/"), 200)] == [20, 5]


def test_given_points_when_customers_are_merged_and_parted_then_they_go_along_and_are_in_the_history(boss: Any) -> None:
    wang, li = customer("王芳", "+8613800138001"), customer("李明", "+8613800138002")
    user = person("rita", "admin")
    points.adjust(wang, 100, "a", user)
    points.adjust(li, 40, "b", user)
    done = merging.merge(wang, li, user)
    wang.refresh_from_db()
    assert wang.points == 140
    from crm.selectors.history import history

    told = [(one.amount, one.data["balance"]) for one in history(user, wang, only=["points"]).entries]
    assert set(told) == {("+100", 100), ("+40", 40), ("-40", 0), ("+40", 140)}
    merging.undo(done, user)
    wang.refresh_from_db()
    li.refresh_from_db()
    assert (wang.points, li.points) == (100, 40)
    assert PointEntry.objects.filter(kind="moved").count() == 4


# -- purchases -------------------------------------------------------------------------------------------------


def test_given_a_purchase_when_ordered_by_finance_and_received_by_the_warehouse_then_it_is_in_stock(boss: Any, will: Any) -> None:
    fred, pan = client(person("fred", "finance")), product("1001", "100", 0)
    supplier = send(boss.post(f"{API}/suppliers/", {"code": "acme", "name": "Acme"}), 201)
    send(boss.post(f"{API}/supplier-products/", {"supplier": supplier["id"], "product": pan.pk, "cost": "60.00"}), 201)
    body = {"supplier": supplier["id"], "lines": [{"product": pan.pk, "quantity": 10}]}
    purchase = send(will.post(f"{API}/purchases/", body), 201)
    assert purchase["lines"] == [{"product": pan.pk, "quantity": 10, "cost": "60.00", "received": 0}]
    address = f"{API}/purchases/{purchase['id']}/"
    send(will.post(f"{address}order/", {}, headers=etag(will, address)), 403)
    arrived = {"lines": [{"product": pan.pk, "quantity": 4}]}
    send(will.post(f"{address}receive/", arrived, headers=etag(will, address)), 409)
    assert send(fred.post(f"{address}order/", headers=etag(fred, address)), 200)["state"] == "ordered"
    send(will.post(f"{address}receive/", {"lines": []}, headers=etag(will, address)), 400)
    seen = etag(will, address)
    once = {"Idempotency-Key": "delivery-note-1"}
    for _ in range(2):
        assert send(will.post(f"{address}receive/", arrived, headers=seen | once), 200)["state"] == "partly"
    assert send(will.get(f"{API}/stock/{pan.pk}/"), 200)["on_hand"] == 4, "the same note twice is one delivery"
    send(will.patch(address, {"note": "x"}, headers=etag(will, address)), 409)
    assert send(fred.post(f"{address}close/", {"reason": "sold out"}, headers=etag(fred, address)), 200)["state"] == "received"


# -- what lists cost -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["products/", "products/offers/", "stock/", "stock-moves/", "reservations/", "points/", "point-entries/", "purchases/"],
)
def test_given_more_rows_then_a_list_asks_the_database_no_oftener(boss: Any, address: str) -> None:
    def fill(first: int) -> None:
        for place in range(first, first + 3):
            pan = product(f"{1000 + place}", "10", 5)
            stock.reserve(f"7{place:04}", {pan.pk: 1})
            points.adjust(customer(f"王{place}", f"+86138{place:08}"), 5, "x", None)
            supplier = send(boss.post(f"{API}/suppliers/", {"code": f"s{place}", "name": "x"}), 201)["id"]
            body = {"supplier": supplier, "lines": [{"product": pan.pk, "quantity": 1}]}
            send(boss.post(f"{API}/purchases/", body), 201)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            send(boss.get(f"{API}/{address}"), 200)
        return len(queries)

    fill(0)
    before = asked()
    fill(10)
    assert asked() == before <= 8
