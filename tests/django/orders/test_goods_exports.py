"""Products and stock into files, as whoever asks may see them."""

from typing import Any

import pytest

from ccenter.office import jobs
from ccenter.office.models import Job, Right
from orders.models import Product, ProductAttribute, ProductCategory
from tests.django.office.pages import browser
from tests.django.orders.shop import Shop, product
from tests.django.people import client

pytestmark = pytest.mark.django_db
EN: Any = {"headers": {"Accept-Language": "en"}}


@pytest.fixture
def shop(settings: Any, tmp_path: Any) -> Shop:
    """With a kitchen pan of 28 cm, and a service that is not kept in stock."""
    settings.MEDIA_ROOT = tmp_path
    shop = Shop()
    kitchen = ProductCategory.objects.create(code="kitchen", name_zh="厨具", name_en="Kitchen")
    ProductAttribute.objects.create(category=kitchen, code="size", name_zh="尺寸", name_en="Size", kind="number")
    Product.objects.filter(pk=shop.pan.pk).update(category=kitchen, attributes={"size": 28}, name="=pan")
    product("2001", "50", stocked=False)
    return shop


def written(user: Any) -> list[list[str]]:
    """The cells of the CSV file that the last job made."""
    job = Job.objects.latest("pk")
    jobs.run(job.pk)
    assert job.owner == user
    text = (jobs.folder(job) / "result").read_text("utf-8-sig")
    return [line.split(",") for line in text.splitlines()]


def test_given_products_when_exported_then_the_file_has_those_of_the_list_with_attributes_and_stock(shop: Shop) -> None:
    answer = client(shop.will).post("/api/orders/product-exports/", {"kind": "csv", "filters": "stocked=true&search=1001"}, **EN)
    assert answer.status_code == 202, answer.json()
    head, *rows = written(shop.will)
    assert [row[:1] for row in rows] == [["1001"]]
    found = dict(zip(head, rows[0], strict=True))
    assert found["name"] == "'=pan"  # no formula for whoever opens it
    assert (found["price"], found["Size"], found["on hand"], found["free"]) == ("100.00", "28", "10", "10"), head


def test_given_somebody_who_may_not_see_the_stock_then_the_products_are_exported_without_it(shop: Shop) -> None:
    Right.objects.filter(group__name="warehouse", action="stock.view").delete()
    page = browser(shop.will).post("/orders/products/export/?ordering=code", {"kind": "csv"})
    assert page.status_code == 200, page.text
    head, *rows = written(shop.will)
    assert {"on hand", "reserved", "free"} & set(head) == set()
    assert [row[0] for row in rows] == ["1001", "1002", "2001"]


def test_given_the_stock_when_exported_then_what_is_kept_and_free_is_in_the_file(shop: Shop) -> None:
    shop.order("submitted", (shop.pan, 3))
    answer = client(shop.fred).post("/api/orders/stock-exports/", {"kind": "csv"})
    assert answer.status_code == 202, answer.json()
    assert [row[0:1] + row[2:5] for row in written(shop.fred)[1:]] == [["1001", "10", "3", "7"], ["1002", "10", "0", "10"]]


@pytest.mark.parametrize("entity", ["product", "stock"])
def test_given_a_filter_nobody_knows_or_no_right_when_asked_then_nothing_is_begun(shop: Shop, entity: str) -> None:
    address = f"/api/orders/{entity}-exports/"
    assert client(shop.will).post(address, {"filters": "colour=red"}).status_code == 400
    assert client(shop.anna).post(address, {}).status_code == 403
    assert not Job.objects.exists()
