"""Products: what they are called, what they cost and when they can be sold."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from orders.models import Product, ProductAttribute, ProductCategory, ProductPrice
from orders.selectors import products as selectors
from orders.selectors.shelf import Shelf
from orders.services import products, stock

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_user("boss")


def add(boss: User, code: str, name: str, price: str = "100", **fields: Any) -> Product:
    return products.add_product(boss, {"code": code, "name": name, "price": Decimal(price), **fields})


def found(text: str) -> list[str]:
    return [one.product.code for one in selectors.search(text, timezone.now())]


# -- being found -----------------------------------------------------------------------------------------------


def test_given_products_when_typed_in_any_way_then_they_are_found_the_number_first(boss: User) -> None:
    add(boss, "1001", "不粘炒锅")
    add(boss, "1002", "珐琅铸铁锅")
    add(boss, "10", "银行卡包")
    add(boss, "20", "iPhone 15")
    assert found("10") == ["10", "1001", "1002"]
    assert found("1002") == ["1002"]
    for text in ("炒锅", "buzhan", "BZCG", "bzc", "bu zhan chao guo"):
        assert found(text) == ["1001"], text
    assert found("锅") == ["1001", "1002"]
    assert found("yinhang") == found("yhk") == ["10"], "a sign is read as in its word"
    assert found("iphone15") == found("phone") == ["20"]
    assert found("hang") == [] == found("%") == found("_")


def test_given_a_new_name_then_it_is_found_by_its_new_sound(boss: User) -> None:
    pan = add(boss, "1001", "不粘炒锅")
    products.change_product(boss, pan, {"name": "电饭煲"})
    assert (found("dfb"), found("bzcg")) == (["1001"], [])


def test_given_products_when_searched_then_price_and_free_pieces_are_there_in_one_query(
    boss: User, django_assert_num_queries: Callable[[int], Any]
) -> None:
    pan, fitting = add(boss, "1001", "锅"), add(boss, "1002", "装锅", "80", stocked=False)
    stock.receive("P1", {pan.pk: 5})
    stock.reserve("70001", {pan.pk: 2})
    with django_assert_num_queries(1):
        rows = selectors.search("锅", timezone.now())
    assert [(row.product, row.price, row.available) for row in rows] == [(pan, Decimal(100), 3), (fitting, Decimal(80), None)]


# -- being on sale ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sold"),
    [
        ({}, True),
        ({"on_sale": False}, False),
        ({"gift_only": True}, False),
        ({"sale_from": 1}, False),
        ({"sale_from": -1}, True),
        ({"sale_until": 1}, True),
        ({"sale_until": -1}, False),
        ({"sale_from": -2, "sale_until": 1}, True),
    ],
)
def test_given_a_time_on_sale_then_a_product_is_sold_within_it_only(boss: User, fields: dict[str, Any], sold: bool) -> None:
    now = timezone.now()
    pan = add(boss, "1001", "锅", **{k: now + timedelta(hours=v) if k.startswith("sale") else v for k, v in fields.items()})
    assert found("1001") == (["1001"] if sold else [])
    if sold:
        selectors.buyable([pan], now)
    else:
        with pytest.raises(ValidationError) as error:
            selectors.buyable([pan], now)
        assert "1001" in error.value.message_dict["lines"][0]


# -- prices ----------------------------------------------------------------------------------------------------


def test_given_a_price_for_a_time_to_come_then_it_is_charged_from_then_and_shown_after_the_next_round(boss: User) -> None:
    now = timezone.now()
    pan = add(boss, "1001", "锅")
    later = now + timedelta(hours=2)
    products.set_price(boss, pan, Decimal(80), later)
    assert Shelf(later - timedelta(seconds=1)).price(pan.pk) == Decimal(100)
    assert Shelf(later).price(pan.pk) == Decimal(80)
    assert products.refresh_prices() == 0
    assert products.refresh_prices(later) == 1
    pan.refresh_from_db()
    assert pan.price == Decimal(80)
    assert [row.price for row in selectors.history(pan)] == [Decimal(80), Decimal(100)]


def test_given_a_price_that_was_a_mistake_when_written_again_for_the_same_time_then_the_later_one_holds(boss: User) -> None:
    pan, later = add(boss, "1001", "锅"), timezone.now() + timedelta(days=1)
    products.set_price(boss, pan, Decimal(8), later)
    products.set_price(boss, pan, Decimal(80), later)
    assert Shelf(later).price(pan.pk) == Decimal(80)


def test_given_a_price_that_is_changed_with_the_product_then_it_holds_at_once_and_is_in_history_and_audit_log(boss: User) -> None:
    pan = add(boss, "1001", "锅")
    products.change_product(boss, pan, {"price": Decimal(90), "unit": "个"})
    assert Shelf(timezone.now()).price(pan.pk) == Decimal(90)
    entry = AuditEntry.objects.get(action="products.set_price")
    assert [Decimal(price) for price in entry.changes["price"]] == [100, 90]
    with pytest.raises(ValidationError):
        products.set_price(boss, pan, Decimal(1), timezone.now() - timedelta(seconds=1))
    with pytest.raises(ValidationError):
        products.set_price(boss, pan, Decimal(-1))
    with pytest.raises(IntegrityError, match="append-only"):
        ProductPrice.objects.update(price=0)


# -- attributes ------------------------------------------------------------------------------------------------


@pytest.fixture
def kitchen(boss: User) -> ProductCategory:
    """Kitchen things: `voltage` asked of all electrical ones, `colour` of kitchen things, chosen from three."""
    electrical = products.add_category(boss, {"code": "electrical", "name_zh": "电器", "name_en": "Electrical"})
    found = products.add_category(boss, {"code": "kitchen", "parent": electrical, "name_zh": "厨具", "name_en": "Kitchen"})
    for values in (
        {"category": electrical, "code": "voltage", "kind": "number", "required": True},
        {"category": found, "code": "colour", "kind": "choice", "choices": ["red", "blue", "red", " "]},
        {"category": found, "code": "since", "kind": "date"},
        {"category": found, "code": "washable", "kind": "yes_no"},
    ):
        products.add_attribute(boss, {"name_zh": values["code"], "name_en": values["code"], **values})
    return found


def test_given_a_category_then_its_products_have_its_attributes_and_those_from_above(
    boss: User, kitchen: ProductCategory
) -> None:
    assert list(selectors.attributes_of(kitchen.pk)) == ["voltage", "colour", "since", "washable"]
    values = {"voltage": 220, "colour": "red", "since": "2026-11-22", "washable": True}
    pot = add(boss, "1001", "电锅", category=kitchen, attributes=values)
    assert pot.attributes == values
    assert list(Product.objects.filter(selectors.having("colour", "red"))) == [pot]
    assert list(Product.objects.filter(selectors.having("voltage", "220"))) == [pot]
    assert list(Product.objects.filter(selectors.having("washable", "true"))) == [pot]
    assert not Product.objects.filter(selectors.having("colour", "blue")).exists()


@pytest.mark.parametrize(
    ("attributes", "wrong"),
    [
        ({}, {"attributes.voltage"}),
        ({"voltage": "much"}, {"attributes.voltage"}),
        ({"voltage": 220, "colour": "green", "size": 3}, {"attributes.colour", "attributes.size"}),
        ({"voltage": 220, "since": "2026-02-30", "washable": "x"}, {"attributes.since", "attributes.washable"}),
    ],
)
def test_given_attributes_that_do_not_fit_then_each_is_named_and_nothing_is_written(
    boss: User, kitchen: ProductCategory, attributes: dict[str, Any], wrong: set[str]
) -> None:
    with pytest.raises(ValidationError) as error:
        add(boss, "1001", "电锅", category=kitchen, attributes=attributes)
    assert set(error.value.message_dict) == wrong
    assert not Product.objects.exists()


def test_given_attributes_in_use_then_they_are_not_pulled_from_under_the_products(boss: User, kitchen: ProductCategory) -> None:
    pot = add(boss, "1001", "电锅", category=kitchen, attributes={"voltage": 220, "colour": "red"})
    colour, voltage = (ProductAttribute.objects.get(code=code) for code in ("colour", "voltage"))
    assert colour.choices == ["red", "blue"]
    products.change_attribute(boss, colour, {"choices": ["red"]})
    for values in ({"choices": ["blue"]}, {"kind": "text"}, {"code": "tint"}):
        with pytest.raises(ValidationError):
            products.change_attribute(boss, ProductAttribute.objects.get(code="colour"), values)
    with pytest.raises(Conflict):
        products.delete_attribute(boss, voltage)
    with pytest.raises(ValidationError):
        products.change_product(boss, pot, {"category": None})
    products.change_product(boss, pot, {"category": None, "attributes": {}})
    products.delete_attribute(boss, voltage)


def test_given_categories_when_one_is_put_below_itself_then_it_is_refused(boss: User, kitchen: ProductCategory) -> None:
    with pytest.raises(ValidationError):
        products.change_category(boss, kitchen.parent, {"parent": kitchen})
    with pytest.raises(IntegrityError, match="product_category_not_in_itself"):
        ProductCategory.objects.filter(pk=kitchen.pk).update(parent=kitchen.pk)


def test_given_a_product_that_moved_when_it_shall_not_be_kept_in_stock_any_more_then_it_is_refused(boss: User) -> None:
    pan = add(boss, "1001", "锅")
    products.change_product(boss, pan, {"stocked": False})
    products.change_product(boss, pan, {"stocked": True})
    stock.receive("P1", {pan.pk: 1})
    with pytest.raises(Conflict):
        products.change_product(boss, pan, {"stocked": False})
