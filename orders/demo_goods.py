"""Demo rules: kinds of products, gifts, points and what they buy, suppliers and purchases. Nobody's changes are undone."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from orders.models import (
    EarningRule,
    GiftRule,
    PointExchange,
    PointLevel,
    PointTerms,
    Product,
    ProductAttribute,
    ProductCategory,
    ProductPrice,
    Purchase,
    Stock,
    Supplier,
    SupplierProduct,
)
from orders.services import products, purchases, stock

# code, names, the category above, the first and the last product's number
CATEGORIES = (
    ("home", "家居", "Home", "", 0, 0),
    ("kitchen", "厨房电器", "Kitchen", "home", 1001, 1005),
    ("cleaning", "清洁电器", "Cleaning", "home", 1006, 1011),
    ("health", "健康护理", "Health", "", 1012, 1016),
    ("clothes", "服饰床品", "Clothes and bedding", "", 1017, 1023),
    ("jewellery", "珠宝腕表", "Jewellery", "", 1024, 1027),
    ("beauty", "美妆个护", "Beauty", "", 1028, 1030),
    ("food", "食品酒水", "Food and drink", "", 1031, 1036),
)
ATTRIBUTES = (
    ("kitchen", "power", "功率", "Power", "number", "W", []),
    ("kitchen", "colour", "颜色", "Colour", "choice", "", ["红", "白", "黑"]),
    ("clothes", "size", "尺码", "Size", "choice", "", ["S", "M", "L", "XL"]),
    ("food", "best_before", "保质期至", "Best before", "date", "", []),
)
GIFTS = (("9001", "保温杯", 59), ("9002", "厨房剪刀", 39), ("9003", "旅行收纳袋", 69))
SUPPLIERS = (("zhejiang-home", "浙江家居用品有限公司"), ("guangdong-electric", "广东小家电厂"))


@transaction.atomic
def goods() -> None:
    """After the products are there."""
    ProductPrice.objects.bulk_create(
        ProductPrice(product=one, price=one.price, since=one.created_at) for one in Product.objects.filter(prices=None)
    )
    _categories()
    gifts = [_gift(code, name, price) for code, name, price in GIFTS]
    _rules(gifts)
    _purchases()


def _categories() -> None:
    for place, (code, zh, en, above, first, last) in enumerate(CATEGORIES):
        names = {"name_zh": zh, "name_en": en, "position": place, "parent": ProductCategory.objects.filter(code=above).first()}
        category, _new = ProductCategory.objects.get_or_create(code=code, defaults=names)
        Product.objects.filter(code__gte=str(first), code__lte=str(last), code__regex=r"^1[0-9]{3}\Z", category=None).update(
            category=category
        )
    for above, code, zh, en, kind, unit, choices in ATTRIBUTES:
        texts = {"name_zh": zh, "name_en": en, "kind": kind, "unit": unit, "choices": choices}
        ProductAttribute.objects.get_or_create(category=ProductCategory.objects.get(code=above), code=code, defaults=texts)


def _gift(code: str, name: str, price: int) -> Product:
    found = Product.objects.filter(code=code).first()
    if found is None:
        found = products.add_product(None, {"code": code, "name": name, "price": Decimal(price), "gift_only": True})
        stock.receive("", {found.pk: 200})
    return found


def _rules(gifts: list[Product]) -> None:
    cup, scissors, bag = gifts
    steps = {"group": "满额赠礼"}
    GiftRule.objects.get_or_create(name="满500元赠保温杯", defaults={"gift": cup, "least_amount": Decimal(500), **steps})
    GiftRule.objects.get_or_create(name="满1500元赠旅行收纳袋", defaults={"gift": bag, "least_amount": Decimal(1500), **steps})
    kitchen = ProductCategory.objects.get(code="kitchen")
    GiftRule.objects.get_or_create(name="厨房电器每2件赠剪刀", defaults={
        "gift": scissors, "category": kitchen, "least_quantity": 2, "repeat": True, "most": 3,
    })  # fmt: skip
    EarningRule.objects.get_or_create(name="每消费1元积1分")
    EarningRule.objects.get_or_create(name="VIP双倍积分", defaults={"level": "vip", "points": 2})
    if not PointTerms.objects.exists():
        PointTerms.objects.create(since=timezone.now() - timedelta(days=365), worth=Decimal("0.01"), step=100, least=100)
    for level, points in (("member", 2000), ("vip", 10000)):
        PointLevel.objects.get_or_create(level=level, defaults={"points": points})
    PointExchange.objects.get_or_create(product=cup, defaults={"points": 3000})
    PointExchange.objects.get_or_create(product=bag, defaults={"points": 2000, "price": Decimal(10)})


def _purchases() -> None:
    """One supplier for each half of the products; what is bought from the first is on its way, from the second a draft."""
    sold = list(Product.objects.filter(gift_only=False).order_by("code"))
    for place, (code, name) in enumerate(SUPPLIERS):
        supplier, new = Supplier.objects.get_or_create(code=code, defaults={"name": name})
        half = sold[place::2]
        SupplierProduct.objects.bulk_create(
            (
                SupplierProduct(supplier=supplier, product=one, cost=(one.price * 6 / 10).quantize(Decimal("0.01")))
                for one in half
            ),
            ignore_conflicts=True,
        )
        if new and half and not Purchase.objects.filter(supplier=supplier).exists():
            lines = [{"product": one, "quantity": 50} for one in half[:5]]
            purchase = purchases.add_purchase(None, {"supplier": supplier, "lines": lines})
            if place == 0:
                purchases.order(None, purchase)
    Stock.objects.filter(low=0, product__in=sold).update(low=20)
