"""Some of everything that belongs to goods, so that each address leads somewhere."""

from decimal import Decimal

from django.contrib.auth.models import User
from django.utils import timezone

from orders.models import (
    EarningRule,
    GiftRule,
    PointExchange,
    PointLevel,
    PointTerms,
    ProductAttribute,
    ProductCategory,
    Supplier,
    SupplierProduct,
)
from orders.services import points, products, purchases, stock
from tests.django.orders.shop import customer


def fill(by: User) -> None:
    kitchen = ProductCategory.objects.create(code="kitchen", name_zh="厨具", name_en="Kitchen")
    ProductAttribute.objects.create(category=kitchen, code="size", name_zh="尺寸", name_en="Size", kind="number")
    values = {"code": "1001", "name": "不粘炒锅", "price": Decimal(299), "category": kitchen, "attributes": {"size": 28}}
    pan = products.add_product(by, values)
    stock.receive("", {pan.pk: 9}, by)
    stock.reserve("70001", {pan.pk: 2}, by)
    GiftRule.objects.create(name="autumn", gift=pan, least_amount=Decimal(300))
    EarningRule.objects.create(name="all")
    PointTerms.objects.create(since=timezone.now(), worth=Decimal("0.01"))
    PointLevel.objects.create(level="vip", points=1000)
    PointExchange.objects.create(product=pan, points=500)
    points.adjust(customer("赵敏", "+8613800138077"), 300, "birthday", by)
    acme = Supplier.objects.create(code="acme", name="Acme", phone="+8657180000000")
    SupplierProduct.objects.create(supplier=acme, product=pan, cost=Decimal(60))
    purchases.add_purchase(by, {"supplier": acme, "lines": [{"product": pan, "quantity": 5}]})
