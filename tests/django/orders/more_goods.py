"""More rows of everything that lists of goods show."""

from decimal import Decimal
from itertools import count

from django.contrib.auth.models import User
from django.utils import timezone

from crm.models import Customer
from orders.models import (
    Carrier,
    DeliveryFee,
    DeliveryMethod,
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

NUMBERS = count(1)


def more(by: User, times: int) -> None:
    for _ in range(times):
        n = next(NUMBERS)
        kind = ProductCategory.objects.create(code=f"kind-{n}", name_zh=f"类{n}", name_en=f"Kind {n}")
        ProductAttribute.objects.create(category=kind, code="size", name_zh="尺寸", name_en="Size", kind="number")
        goods = products.add_product(by, {"code": f"3{n:04}", "name": f"货 {n}", "price": Decimal(9), "category": kind})
        stock.receive("", {goods.pk: 9}, by)
        stock.reserve(f"8{n:04}", {goods.pk: 2}, by)
        GiftRule.objects.create(name=f"gift {n}", gift=goods, category=kind)
        EarningRule.objects.create(name=f"earn {n}", product=goods)
        PointTerms.objects.create(since=timezone.now(), worth=Decimal("0.01"))
        PointLevel.objects.get_or_create(level=Customer.Level.values[n % len(Customer.Level.values)], defaults={"points": 500})
        PointExchange.objects.create(product=goods, points=500)
        points.adjust(customer(f"客 {n}", f"+861390000{n:04}"), 300, "birthday", by)
        supplier = Supplier.objects.create(code=f"sup-{n}", name=f"Supplier {n}")
        SupplierProduct.objects.create(supplier=supplier, product=goods, cost=Decimal(6))
        purchases.add_purchase(by, {"supplier": supplier, "lines": [{"product": goods, "quantity": 5}]})
        carrier = Carrier.objects.create(code=f"car-{n}", name=f"Carrier {n}")
        method = DeliveryMethod.objects.create(code=f"way-{n}", name_zh="路", name_en="Way", position=n)
        method.carriers.add(carrier)
        DeliveryFee.objects.create(method=method, fee=Decimal(8))
