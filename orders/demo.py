"""Demo products and orders."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from crm.models import Customer
from orders.models import Order, Product

FIRST = 60000001
PRODUCTS = (
    ("不粘炒锅", 299), ("珐琅铸铁锅", 599), ("破壁料理机", 899), ("空气炸锅", 459), ("电压力锅", 369), ("手持吸尘器", 799),
    ("扫地机器人", 1999), ("蒸汽拖把", 389), ("除螨仪", 329), ("空气净化器", 1299), ("智能马桶盖", 1599), ("颈椎按摩仪", 259),
    ("足浴盆", 399), ("按摩椅", 4980), ("跑步机", 2399), ("动感单车", 1199), ("蚕丝被", 699), ("乳胶枕", 199),
    ("羽绒服", 599), ("羊绒衫", 459), ("真丝围巾", 168), ("健步鞋", 239), ("拉杆箱", 329), ("珍珠项链", 880),
    ("黄金转运珠", 1380), ("和田玉手镯", 2680), ("石英手表", 558), ("护肤套装", 498), ("面膜礼盒", 138), ("洗护套装", 158),
    ("普洱茶饼", 218), ("五常大米", 89.9), ("宁夏枸杞", 105), ("阿胶糕", 298), ("海参礼盒", 1080), ("进口红酒", 368),
    ("净水器", 1680), ("电动牙刷", 189), ("血压计", 268), ("老人手机", 399),
)  # fmt: skip
STATES = ("delivered", "delivered", "shipped", "paid", "delivered", "picking", "delivered", "returned")


@transaction.atomic
def orders(count: int) -> None:
    """Make the products, and demo orders until there are `count`."""
    Product.objects.bulk_create(
        (Product(code=f"{1001 + n}", name=name, price=Decimal(str(price))) for n, (name, price) in enumerate(PRODUCTS)),
        ignore_conflicts=True,
    )
    last = Order.objects.filter(number__regex=r"^6[0-9]{7}$").order_by("-number").values_list("number", flat=True).first()
    start = int(last) - FIRST + 1 if last else 0
    buyers = list(Customer.objects.order_by("number").values_list("id", flat=True)[:count]) if start < count else []
    products = list(Product.objects.order_by("code")) if buyers else []
    now = timezone.now()
    if buyers:
        Order.objects.bulk_create(
            (_order(n, buyers[n * 7 % len(buyers)], products[n * 13 % len(products)], now) for n in range(start, count)),
            batch_size=5000,
        )


def _order(place: int, customer: int, product: Product, now: timezone.datetime) -> Order:
    quantity = 1 + place % 11 // 8
    return Order(
        number=str(FIRST + place),
        customer_id=customer,
        product=product,
        quantity=quantity,
        amount=product.price * quantity,
        state=STATES[place % len(STATES)],
        created_at=now - timedelta(hours=place * 5 % 4000, minutes=place % 60),
    )
