"""Pages of purchases and suppliers: who may do what, lines by number or name, goods that come in."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from orders.models import Product, Purchase, Supplier, SupplierProduct
from orders.selectors import stock
from orders.services import purchases
from tests.django.office.pages import browser, part, send
from tests.django.orders.shop import product
from tests.django.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def will(db: None) -> User:
    return person("will", "warehouse")


@pytest.fixture
def fred(db: None) -> User:
    return person("fred", "finance")


@pytest.fixture
def acme(db: None) -> Supplier:
    return Supplier.objects.create(code="acme", name="Acme")


@pytest.fixture
def pan(acme: Supplier) -> Product:
    found = product("1001", "100", 0)
    SupplierProduct.objects.create(supplier=acme, product=found, cost=Decimal(60))
    return found


def filled(*lines: tuple[str, Any, Any], known: int = 0, **more: Any) -> dict[str, Any]:
    """The form of a purchase with these lines (product, quantity, cost), and an empty one."""
    told: dict[str, Any] = {
        "lines-TOTAL_FORMS": len(lines) + 1,
        "lines-INITIAL_FORMS": known,
        "expected_on": "",
        "note": "",
        **more,
    }
    for n, line in enumerate([*lines, ("", "", "")]):
        told |= {f"lines-{n}-{name}": value for name, value in zip(("product", "quantity", "cost"), line, strict=True)}
    return told


def bought(by: User, acme: Supplier, pan: Product, pieces: int = 10, **more: Any) -> Purchase:
    return purchases.add_purchase(by, {"supplier": acme, "lines": [{"product": pan, "quantity": pieces}], **more})


def test_given_lines_by_number_and_name_when_a_purchase_is_written_and_changed_then_it_holds_them(
    will: User, acme: Supplier, pan: Product
) -> None:
    pot = product("1002", "50", 0)
    asker, address = browser(will), "/orders/purchases/new/"
    wrong = send(asker, address, **filled(("nothing like it", 3, ""), ("1001", "", ""), supplier=acme.pk))
    assert wrong.status_code == 422
    assert [sorted(form.errors) for form in wrong.context["form"].lines.forms] == [["product"], ["quantity"], []]
    twice = send(asker, address, **filled(("1001", 3, ""), ("1001 Product 1001", 1, ""), supplier=acme.pk))
    assert twice.status_code == 422 and twice.context["form"].lines.non_form_errors()
    answer = send(asker, address, **filled(("1001 Product 1001", 3, ""), ("1002", 2, "25.50"), supplier=acme.pk))
    purchase = Purchase.objects.get()
    assert answer["HX-Redirect"] == f"/orders/purchases/{purchase.pk}/"
    assert [(line.product, line.quantity, line.cost) for line in purchase.lines.all()] == [
        (pan, 3, 60),
        (pot, 2, Decimal("25.5")),
    ]
    change = f"{answer['HX-Redirect']}change/"
    assert asker.get(change).content.decode().count('value="1001 Product 1001"') == 1
    given = filled(("1001", 4, "60"), ("", "", ""), known=2, supplier=acme.pk, version=purchase.version)
    assert send(asker, change, **given)["HX-Redirect"]
    assert [(line.product, line.quantity) for line in purchase.lines.all()] == [(pan, 4)]
    assert asker.get(f"/orders/purchases/{purchase.pk}/").context["row"].total == 240


def test_given_a_purchase_when_finance_orders_and_the_warehouse_receives_then_stock_and_state_follow(
    will: User, fred: User, acme: Supplier, pan: Product
) -> None:
    purchase = bought(will, acme, pan)
    address, key = f"/orders/purchases/{purchase.pk}/", str(pan.pk)
    warehouse, finance = browser(will), browser(fred)
    assert [act.name for act in warehouse.get(address).context["acts"]] == ["delete"]
    assert [act.name for act in finance.get(address).context["acts"]] == ["order", "cancel"]
    assert send(warehouse, address, act="order", version=purchase.version).status_code == 403
    old = purchase.version
    assert send(finance, address, act="order", version=old).status_code == 200
    stale = send(finance, address, act="cancel", version=old, reason="too dear")
    assert stale.status_code == 409 and "fred" in stale["HX-Trigger"]
    purchase.refresh_from_db()
    assert f'hx-get="{address}?act=receive"' in warehouse.get(address).content.decode()  # it asks how many first
    box = part(warehouse, address, act="receive").content.decode()
    assert f'name="{key}" value="10"' in box
    many = send(warehouse, address, act="receive", version=purchase.version, **{key: 11})
    assert many.status_code == 422 and not stock.available([pan.pk])[pan.pk]
    some = send(warehouse, address, act="receive", version=purchase.version, **{key: 4})
    assert some.context["row"].state == "partly" and stock.available([pan.pk]) == {pan.pk: 4}
    purchase.refresh_from_db()
    closed = send(finance, address, act="close", version=purchase.version, reason="none left")
    assert closed.context["row"].state == "received" and closed.context["acts"] == []


def test_given_ticked_purchases_when_ordered_together_then_those_that_cannot_be_are_named_with_the_reason(
    will: User, fred: User, acme: Supplier, pan: Product
) -> None:
    first, second = bought(will, acme, pan), bought(will, acme, pan)
    empty = purchases.add_purchase(will, {"supplier": acme})
    purchases.order(fred, second)
    answer = send(browser(fred), "/orders/purchases/", act="order", row=[first.pk, second.pk, empty.pk])
    assert {row.row for row in answer.context["refused"]} == {second.number, empty.number}
    assert [row.state for row in Purchase.objects.order_by("pk")] == ["ordered", "ordered", "draft"]


def test_given_purchases_when_searched_and_filtered_then_goods_supplier_and_lateness_find_them(
    will: User, fred: User, acme: Supplier, pan: Product
) -> None:
    late = bought(will, acme, pan, expected_on=timezone.localdate() - timedelta(days=1))
    purchases.order(fred, late)
    draft = purchases.add_purchase(will, {"supplier": Supplier.objects.create(code="b", name="Best")})
    asker = browser(fred)

    def found(**query: Any) -> list[str]:
        return [line.row.number for line in part(asker, "/orders/purchases/", **query).context["lines"]]

    assert found() == [draft.number, late.number]
    assert found(search="Product 1001") == found(search="acme") == found(late="true") == found(state="ordered") == [late.number]
    assert found(search=draft.number) == found(supplier=draft.supplier_id) == [draft.number]


def test_given_agents_when_they_ask_for_purchases_or_suppliers_then_there_is_nothing_for_them(acme: Supplier) -> None:
    asker = browser(person("anna", "agent"))
    for address in ("purchases/", "purchases/new/", "suppliers/", f"suppliers/{acme.pk}/", "supplier-products/"):
        assert asker.get(f"/orders/{address}").status_code == 403, address


def test_given_a_purchase_of_somebody_else_when_the_warehouse_changes_it_then_it_is_not_there(
    will: User, fred: User, acme: Supplier, pan: Product
) -> None:
    purchase = bought(fred, acme, pan)
    asker, address = browser(will), f"/orders/purchases/{purchase.pk}/"
    assert asker.get(address).status_code == 200 and not asker.get(address).context["may_change"]
    assert asker.get(f"{address}change/").status_code == 404
    assert send(asker, f"{address}change/", **filled(supplier=acme.pk, version=purchase.version)).status_code == 404
    assert send(asker, address, act="delete", version=purchase.version).status_code == 403
