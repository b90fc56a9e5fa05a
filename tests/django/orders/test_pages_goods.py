"""Pages of products, categories and stock."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ccenter.office.models import AuditEntry
from orders.models import Product, ProductAttribute, ProductCategory, ProductPrice, Purchase, StockMove, Supplier, SupplierProduct
from orders.services import products, stock
from tests.django.office.pages import browser, part, said, send
from tests.django.orders.goods import fill
from tests.django.orders.shop import product
from tests.django.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db: None) -> User:
    return person("boss", "office_admin")


@pytest.fixture
def will(db: None) -> User:
    return person("will", "warehouse")


@pytest.fixture
def anna(db: None) -> User:
    return person("anna", "agent", seat="1001")


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content.decode()
    return [getattr(line.row, "code", None) or line.row.stock.product.code for line in answer.context["lines"]]


def errors(answer: Any) -> str:
    form = answer.context["form"]
    return f"{form.errors.as_text()} {answer.context.get('told', '')}"


LISTS = ("products", "stock", "stock/moves", "stock/reservations", "categories", "points", "purchases", "suppliers")
LISTS += ("supplier-products", "gift-rules", "earning-rules", "point-terms", "point-levels", "point-exchanges", "carriers")
LISTS += ("delivery-methods", "delivery-fees")


@pytest.mark.parametrize("name", LISTS)
def test_given_more_rows_when_a_list_of_goods_is_drawn_then_it_asks_the_database_no_oftener(boss: User, name: str) -> None:
    from tests.django.orders.more_goods import more

    fill(boss)
    more(boss, 1)
    asker, address = browser(boss), f"/orders/{name}/"

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as told:
            answer = asker.get(address)
        assert answer.status_code == 200, answer.content.decode()[:400]
        return len(told)

    few = queries()
    more(boss, 12)
    assert queries() == few
    assert few <= 12


# -- products --------------------------------------------------------------------------------------------------


def test_given_typed_letters_when_products_are_searched_then_number_name_pinyin_and_initials_find_them(
    boss: User, anna: User
) -> None:
    products.add_product(boss, {"code": "1001", "name": "不粘炒锅", "price": Decimal(299)})
    products.add_product(boss, {"code": "2002", "name": "保温杯", "price": Decimal(59)})
    asker = browser(anna)
    for text, found in (("1001", ["1001"]), ("炒锅", ["1001"]), ("bzcg", ["1001"]), ("baowen", ["2002"]), ("x", [])):
        assert codes(part(asker, "/orders/products/", search=text)) == found, text
    options = asker.get("/orders/products/found/", {"lines-3-product": "bwb"}).content.decode()
    assert 'value="2002 保温杯" label="bwb"' in options and "1001" not in options


def test_given_a_category_when_products_are_filtered_then_those_below_it_are_there_too(boss: User) -> None:
    home = ProductCategory.objects.create(code="home", name_zh="家居", name_en="Home")
    kitchen = ProductCategory.objects.create(code="kitchen", name_zh="厨具", name_en="Kitchen", parent=home)
    product("1001", "10", category=kitchen)
    product("1002", "10", on_sale=False, category=home)
    product("1003", "10")
    asker = browser(boss)
    assert codes(part(asker, "/orders/products/", category=home.pk)) == ["1001", "1002"]
    assert codes(part(asker, "/orders/products/", category=kitchen.pk)) == ["1001"]
    assert codes(part(asker, "/orders/products/", category=home.pk, sold_now="true")) == ["1001"]
    assert part(asker, "/orders/products/", category="999999").context["trouble"]


def test_given_a_category_that_asks_for_attributes_when_a_product_is_written_then_they_are_asked_kept_and_shown(
    boss: User,
) -> None:
    kitchen = ProductCategory.objects.create(code="kitchen", name_zh="厨具", name_en="Kitchen")
    for code, kind, more in (("size", "number", {"unit": "cm", "required": True}), ("safe", "yes_no", {})):
        ProductAttribute.objects.create(category=kitchen, code=code, name_zh=code, name_en=code.title(), kind=kind, **more)
    asker = browser(boss)
    assert "attributes.size" in asker.get("/orders/products/attributes/", {"category": kitchen.pk}).content.decode()
    assert 'id="attributes" class="wide" hx-target="this"' in asker.get("/orders/products/new/").content.decode()
    values = {"code": "1001", "name": "Pan", "category": kitchen.pk, "price": "99.50", "stocked": "on", "on_sale": "on"}
    answer = send(asker, "/orders/products/new/", **values)
    assert answer.status_code == 422 and "attributes.size" in errors(answer)
    answer = send(asker, "/orders/products/new/", **values, **{"attributes.size": "28.5", "attributes.safe": "no"})
    pan = Product.objects.get()
    assert answer["HX-Redirect"] == f"/orders/products/{pan.pk}/"
    assert (pan.attributes, pan.price, pan.stock.on_hand) == ({"size": 28.5, "safe": False}, Decimal("99.50"), 0)
    card = asker.get(f"/orders/products/{pan.pk}/").content.decode()
    assert "28.5 cm" in card and "¥99.50" in card
    values |= {"name": "Wok", "version": pan.version, "attributes.size": "30"}
    assert send(asker, f"/orders/products/{pan.pk}/change/", **values)["HX-Redirect"]
    pan.refresh_from_db()
    assert (pan.name, pan.attributes, pan.price) == ("Wok", {"size": 30}, Decimal("99.50"))


def test_given_two_who_change_a_product_when_the_second_saves_then_they_read_who_changed_what_and_keep_what_they_wrote(
    boss: User, anna: User
) -> None:
    pan = product("1001", "100")
    old = pan.version
    products.change_product(anna, pan, {"name": "Frying pan"})
    answer = send(browser(boss), f"/orders/products/{pan.pk}/change/", code="1001", name="Saucepan", version=old)
    text = answer.content.decode()
    assert answer.status_code == 409 and "anna" in text and "name" in text and 'value="Saucepan"' in text
    pan.refresh_from_db()
    assert pan.name == "Frying pan"


def test_given_a_price_to_come_when_it_is_set_on_the_card_then_history_shows_it_and_lists_do_not(boss: User) -> None:
    pan = products.add_product(boss, {"code": "1001", "name": "Pan", "price": Decimal(100)})
    pan.refresh_from_db()
    asker, address = browser(boss), f"/orders/products/{pan.pk}/"
    assert 'name="price"' in part(asker, address, act="set_price").content.decode()
    past = send(asker, address, act="set_price", version=pan.version, price="80", since="2020-01-01T00:00")
    assert past.status_code == 422 and "later" in errors(past)
    later = timezone.localtime() + timezone.timedelta(days=3)
    answer = send(asker, address, act="set_price", version=pan.version, price="80", since=f"{later:%Y-%m-%dT%H:%M}")
    assert answer.status_code == 200 and [row.way for row in answer.context["prices"]] == ["later", "now"]
    assert Product.objects.get().price == 100
    answer = send(asker, address, act="set_price", version=Product.objects.get().version, price="90", since="")
    assert Product.objects.get().price == 90 and [row.way for row in answer.context["prices"]] == ["later", "now", "over"]


def test_given_an_agent_when_they_look_at_products_then_they_read_and_cannot_write(anna: User) -> None:
    pan = product("1001", "100")
    asker = browser(anna)
    assert "row.change" not in asker.get("/orders/products/").content.decode()
    card = asker.get(f"/orders/products/{pan.pk}/")
    assert card.context["acts"] == [] and not card.context["may_change"] and "offers" not in card.context
    for address in ("/orders/products/new/", f"/orders/products/{pan.pk}/change/"):
        assert asker.get(address).status_code == 403
    assert send(asker, f"/orders/products/{pan.pk}/", act="set_price", version=pan.version, price="1").status_code == 403
    assert send(asker, "/orders/products/", act="withdraw", row=[pan.pk]).status_code == 403
    assert not ProductPrice.objects.exists() and Product.objects.get().on_sale


def test_given_ticked_products_when_taken_off_sale_then_each_is_and_the_log_says_by_whom(boss: User) -> None:
    pan, pot = product("1001", "100"), product("1002", "50")
    answer = send(browser(boss), "/orders/products/", act="withdraw", row=[pan.pk, pot.pk, 999999])
    assert "2 rows" in said(answer) and [row.row for row in answer.context["refused"]] == ["1"]
    assert not Product.objects.filter(on_sale=True).exists()
    assert AuditEntry.objects.filter(action="products.change", user=boss).count() == 2


# -- categories ------------------------------------------------------------------------------------------------


def test_given_the_tree_when_categories_and_attributes_are_written_then_it_shows_them_and_makes_no_circle(boss: User) -> None:
    asker = browser(boss)
    home = {"code": "home", "name_zh": "家居", "name_en": "Home", "position": 0, "active": "on"}
    assert said(send(asker, "/orders/categories/new/", **home))
    above = ProductCategory.objects.get()
    send(asker, "/orders/categories/new/", code="kitchen", name_zh="厨具", name_en="Kitchen", position=1, parent=above.pk)
    kitchen = ProductCategory.objects.get(code="kitchen")
    address = "/orders/categories/attributes/new/"
    assert f'<option value="{kitchen.pk}" selected>' in asker.get(address, {"category": kitchen.pk}).content.decode()
    colour = {"category": kitchen.pk, "code": "colour", "name_zh": "颜色", "name_en": "Colour", "kind": "choice", "position": 0}
    assert "choices" in errors(send(asker, address, **colour))
    assert said(send(asker, address, **colour, choices="red\n\n blue \nred"))
    attribute = ProductAttribute.objects.get()
    assert attribute.choices == ["red", "blue"]
    nodes = asker.get("/orders/categories/").context["nodes"]
    assert [(one.code, len(depth), attributes) for one, depth, attributes, _count in nodes] == [
        ("home", 0, []),
        ("kitchen", 1, [attribute]),
    ]
    circle = send(asker, f"/orders/categories/{above.pk}/", **home, version=above.version, parent=kitchen.pk)
    assert circle.status_code == 422 and "itself" in errors(circle)
    products.add_product(
        boss, {"code": "1", "name": "x", "price": Decimal(1), "category": kitchen, "attributes": {"colour": "red"}}
    )
    drop = send(asker, f"/orders/categories/attributes/{attribute.pk}/", drop="1", version=attribute.version)
    assert drop.status_code == 409 and "value" in said(drop) and ProductAttribute.objects.exists()
    drop = send(asker, f"/orders/categories/{kitchen.pk}/", drop="1", version=kitchen.version)
    assert drop.status_code == 409 and ProductCategory.objects.count() == 2


# -- stock -----------------------------------------------------------------------------------------------------


def test_given_the_warehouse_when_it_counts_on_the_page_then_the_book_follows_and_an_old_screen_is_refused(
    will: User, anna: User
) -> None:
    pan = product("1001", "100", 7)
    address, asker = f"/orders/stock/{pan.pk}/", browser(will)
    assert 'name="seen" value="7"' in part(asker, address, act="count").content.decode()
    answer = send(asker, address, act="count", version="", counted=5, seen=7, reason="broken")
    assert answer.status_code == 200 and answer.context["row"].on_hand == 5 and "rows-changed" in answer["HX-Trigger"]
    old = send(asker, address, act="count", version="", counted=6, seen=7)
    assert old.status_code == 422 and "5" in errors(old)
    few = send(asker, address, act="scrap", version="", quantity=9, reason="old")
    assert few.status_code == 422 and "5 left" in errors(few)
    assert send(asker, address, act="low", version="", low=5).status_code == 200
    assert codes(part(asker, "/orders/stock/", to_buy="true")) == ["1001"]
    assert send(browser(anna), address, act="count", version="", counted=1, seen=5).status_code == 403
    assert browser(anna).get(address).context["acts"] == []
    assert [move.kind for move in StockMove.objects.order_by("id")] == ["received", "counted"]


def test_given_low_goods_when_they_are_bought_again_then_a_draft_is_there_and_refusals_are_told(will: User, anna: User) -> None:
    pan, pot = product("1001", "100", 1), product("1002", "50", 1)
    acme = Supplier.objects.create(code="acme", name="Acme")
    SupplierProduct.objects.create(supplier=acme, product=pan, cost=Decimal(60))
    stock.set_low(pan, 4)
    answer = send(browser(will), "/orders/stock/", act="buy", row=[pan.pk, pot.pk])
    assert [(row.row, "supplier" in row.why) for row in answer.context["refused"]] == [("1002", True)]
    assert [(line.product_id, line.quantity) for line in Purchase.objects.get().lines.all()] == [(pan.pk, 7)]
    assert browser(anna).get("/orders/stock/").context["acts"] == []
    assert send(browser(anna), "/orders/stock/", act="buy", row=[pan.pk]).status_code == 403


def test_given_moves_and_reservations_when_listed_then_they_are_found_by_product_order_and_kind(anna: User) -> None:
    pan, _pot = product("1001", "100", 7), product("1002", "50", 7)
    stock.reserve("70001", {pan.pk: 2})
    asker = browser(anna)
    assert codes(part(asker, "/orders/stock/moves/")) == ["1001", "1002", "1001"]
    assert codes(part(asker, "/orders/stock/moves/", kind="reserved")) == ["1001"]
    assert codes(part(asker, "/orders/stock/moves/", search="1002")) == ["1002"]
    assert codes(part(asker, "/orders/stock/reservations/", ref="70001", issued="false")) == ["1001"]
    assert codes(part(asker, "/orders/stock/reservations/", issued="true")) == []
