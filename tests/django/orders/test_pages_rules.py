"""Pages of the tables of rules, and of customers' points."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from ccenter.office.models import AuditEntry
from crm.services.customers import add_customer
from orders.models import (
    Carrier,
    DeliveryFee,
    DeliveryMethod,
    EarningRule,
    GiftRule,
    PointEntry,
    PointExchange,
    PointLevel,
    PointTerms,
    ReviewRules,
    SupplierProduct,
)
from orders.models import Supplier as SupplierRow
from orders.services import points
from tests.django.office.pages import browser, part, said, send
from tests.django.orders.shop import customer, product
from tests.django.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db: None) -> User:
    return person("boss", "office_admin")


@pytest.fixture
def anna(db: None) -> User:
    return person("anna", "agent", seat="1001")


def errors(answer: Any) -> str:
    text: str = answer.context["form"].errors.as_text()
    return text


GIVEN: list[tuple[str, type[Any], dict[str, Any], dict[str, Any]]] = [
    # address, model, what is written, what is changed then
    (
        "gift-rules",
        GiftRule,
        {"name": "autumn", "gift": "1001", "quantity": 1, "least_quantity": 1, "least_amount": "300", "most": 0, "active": "on"},
        {"name": "winter"},
    ),
    ("earning-rules", EarningRule, {"name": "all", "points": 1, "amount": "1", "active": "on"}, {"points": 2}),
    (
        "point-terms",
        PointTerms,
        {"since": "2031-01-01T00:00", "worth": "0.01", "step": 100, "least": 0, "most_share": 50},
        {"step": 10},
    ),
    ("point-levels", PointLevel, {"level": "vip", "points": 1000, "months": 12}, {"points": 900}),
    ("point-exchanges", PointExchange, {"product": "1001 Product 1001", "points": 500, "price": "9.90"}, {"points": 400}),
    ("carriers", Carrier, {"code": "sf", "name": "SF", "cod": "on", "tracking_url": "https://e.org/{number}"}, {"name": "S.F."}),
    (
        "delivery-methods",
        DeliveryMethod,
        {"code": "express", "name_zh": "快", "name_en": "Fast", "position": 1},
        {"name_en": "Faster"},
    ),
    ("suppliers", SupplierRow, {"code": "best", "name": "Best", "active": "on"}, {"contact": "Li"}),
]


@pytest.mark.parametrize(("address", "model", "values", "changes"), GIVEN, ids=[one[0] for one in GIVEN])
def test_given_a_table_of_rules_when_a_row_is_written_changed_and_deleted_then_it_is_and_the_log_says_so(
    boss: User, anna: User, address: str, model: type[Any], values: dict[str, Any], changes: dict[str, Any]
) -> None:
    product("1001", "100")
    asker, at = browser(boss), f"/orders/{address}/"
    assert asker.get(f"{at}new/").status_code == 200
    assert said(send(asker, f"{at}new/", **values)) == "Saved."
    row = model.objects.get()
    assert str(next(iter(values.values()))).split("T")[0] in asker.get(at).content.decode().replace("VIP", "vip")
    assert said(send(asker, f"{at}{row.pk}/", **{**values, **changes}, version=row.version)) == "Saved."
    old, row = row, model.objects.get()
    (name, value) = next(iter(changes.items()))
    assert getattr(row, name) == value
    stale = send(asker, f"{at}{row.pk}/", **values, version=old.version)
    assert stale.status_code == 409 and "boss" in stale.context["told"]
    clerk = browser(anna)
    seen = clerk.get(f"{at}{row.pk}/")
    assert seen.status_code == (403 if address == "suppliers" else 200)
    if seen.status_code == 200:  # who may not change a rule reads it
        assert all(field.disabled for field in seen.context["form"].fields.values())
        assert not seen.context["may_save"] and "may_delete" in seen.context and not seen.context["may_delete"]
    assert send(clerk, f"{at}{row.pk}/", **values, version=row.version).status_code == 403
    assert send(clerk, f"{at}{row.pk}/", drop="1", version=row.version).status_code == 403
    assert said(send(asker, f"{at}{row.pk}/", drop="1", version=row.version)) == "Deleted."
    assert not model.objects.exists()
    assert AuditEntry.objects.filter(entity=model._meta.label_lower, user=boss).count() == 3


def test_given_a_rule_that_makes_no_sense_when_it_is_saved_then_the_field_says_why(boss: User) -> None:
    product("1001", "100")
    asker = browser(boss)
    values = {"name": "x", "points": 1, "amount": "0", "since": "2031-02-01T00:00", "until": "2031-01-01T00:00"}
    answer = send(asker, "/orders/earning-rules/new/", **values)
    assert answer.status_code == 422 and "until" in errors(answer)
    answer = send(asker, "/orders/earning-rules/new/", **values | {"until": ""})
    assert answer.status_code == 422 and not EarningRule.objects.exists()
    fee = send(asker, "/orders/delivery-fees/new/", city="杭州市", fee="6")
    assert {"method", "province"} <= set(fee.context["form"].errors)
    carrier = {"code": "SF!", "name": "SF", "tracking_url": "javascript:1"}
    assert "tracking_url" in send(asker, "/orders/carriers/new/", **carrier).context["form"].errors
    assert "code" in send(asker, "/orders/carriers/new/", **carrier | {"tracking_url": ""}).context["form"].errors
    assert not Carrier.objects.exists()


def test_given_something_that_others_hang_on_when_it_is_deleted_then_it_stays_and_says_so(boss: User) -> None:
    pan = product("1001", "100")
    acme = SupplierRow.objects.create(code="acme", name="Acme")
    SupplierProduct.objects.create(supplier=acme, product=pan, cost=Decimal(1))
    from orders.services import purchases

    purchases.add_purchase(boss, {"supplier": acme})
    answer = send(browser(boss), "/orders/suppliers/", act="delete", row=[acme.pk])
    assert [row.row for row in answer.context["refused"]] == ["Acme"] and SupplierRow.objects.exists()


def test_given_a_fee_and_a_way_when_written_then_carriers_and_places_are_kept(boss: User) -> None:
    asker = browser(boss)
    carrier = Carrier.objects.create(code="sf", name="SF")
    send(asker, "/orders/delivery-methods/new/", code="fast", name_zh="快", name_en="Fast", position=1, carriers=[carrier.pk])
    method = DeliveryMethod.objects.get()
    assert list(method.carriers.all()) == [carrier]
    send(asker, "/orders/delivery-fees/new/", method=method.pk, province="浙江省", city="杭州市", fee="6", free_from="")
    fee = DeliveryFee.objects.get()
    assert (fee.fee, fee.free_from, fee.city) == (6, None, "杭州市")
    twice = send(asker, "/orders/delivery-fees/new/", method=method.pk, province="浙江省", city="杭州市", fee="7")
    assert twice.status_code == 422 and DeliveryFee.objects.count() == 1


def test_given_ticked_rules_when_switched_off_then_they_rest(boss: User, anna: User) -> None:
    pan = product("1001", "100")
    rules = [GiftRule.objects.create(name=name, gift=pan) for name in "ab"]
    keys = [rule.pk for rule in rules]
    assert send(browser(anna), "/orders/gift-rules/", act="off", row=keys).status_code == 403
    assert "2 rows" in said(send(browser(boss), "/orders/gift-rules/", act="off", row=keys))
    assert not GiftRule.objects.filter(active=True).exists()


def test_given_the_rules_of_the_review_when_changed_then_the_one_row_holds_them(boss: User, anna: User) -> None:
    asker, row = browser(boss), ReviewRules.objects.get()
    assert asker.get("/orders/review-rules/").status_code == 200
    answer = send(asker, "/orders/review-rules/", limit="", duplicate_days=5, version=row.version)
    assert said(answer) == "Saved."
    row = ReviewRules.objects.get()
    assert (row.limit, row.duplicate_days) == (None, 5)
    assert f'name="version" value="{row.version}"' in answer.content.decode()
    assert send(asker, "/orders/review-rules/", limit="", duplicate_days=99, version=row.version).status_code == 422
    assert send(browser(anna), "/orders/review-rules/", limit="1", duplicate_days=1, version=row.version).status_code == 403


# -- points ----------------------------------------------------------------------------------------------------


def test_given_a_customer_when_points_are_put_right_on_the_page_then_the_account_opens_and_the_entries_tell(
    boss: User, anna: User
) -> None:
    PointTerms.objects.create(since=timezone.now(), worth=Decimal("0.01"))
    wang = customer("王芳")
    asker, address = browser(boss), f"/orders/points/{wang.pk}/"
    assert asker.get(address).context["row"].balance == 0
    assert send(asker, address, act="adjust", version="", points=0, reason="x").status_code == 422
    answer = send(asker, address, act="adjust", version="", points=300, reason="birthday")
    assert answer.status_code == 200 and answer.context["row"].balance == 300 and answer.context["worth"] == 3
    few = send(asker, address, act="adjust", version="", points=-301, reason="mistake")
    assert few.status_code == 422 and "300" in errors(few)
    assert [(row.points, row.reason) for row in PointEntry.objects.all()] == [(300, "birthday")]
    assert send(browser(anna), address, act="adjust", version="", points=5, reason="for me").status_code == 403
    assert browser(anna).get(address).context["acts"] == []
    assert asker.get("/orders/points/999999/").status_code == 404


def test_given_accounts_when_listed_then_the_richest_is_first_and_names_find_them(boss: User) -> None:
    wang = add_customer({"name": "王芳"}, ["+8613800138000"])
    li = add_customer({"name": "李雷"}, ["+8613800138001"])
    points.adjust(wang, 100, "x", boss)
    points.adjust(li, 300, "x", boss)
    asker = browser(boss)

    def found(**query: Any) -> list[str]:
        return [line.row.customer.name for line in part(asker, "/orders/points/", **query).context["lines"]]

    assert found() == ["李雷", "王芳"]
    assert found(search="王芳") == found(balance__lte=100) == ["王芳"]


def test_given_a_branch_when_it_looks_at_points_then_it_sees_its_own_customers_alone(boss: User) -> None:
    from ccenter.office.models import Branch

    shop = person("shop", "branch")
    branch = Branch.objects.create(code="shop", name="Shop")
    branch.logins.add(shop)
    ours, others = customer("王芳", branch=branch), customer("李雷", "+8613800138001")
    for one in (ours, others):
        points.adjust(one, 100, "x", boss)
    asker = browser(shop)
    assert [line.row.customer for line in asker.get("/orders/points/").context["lines"]] == [ours]
    assert asker.get(f"/orders/points/{ours.pk}/").status_code == 200
    assert asker.get(f"/orders/points/{others.pk}/").status_code == 404
