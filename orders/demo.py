"""Demo products, and orders in every state: most of them long delivered, some to be worked with."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from ccenter.calls.models import Agent
from crm.models import Customer
from orders.models import (
    Carrier,
    Delivery,
    DeliveryFee,
    DeliveryMethod,
    Order,
    OrderLine,
    Payment,
    Product,
    Reservation,
    Return,
    ReturnLine,
)
from orders.services import drafts, steps, stock
from orders.services.drafts import Want
from orders.services.products import sounds
from orders.states import State

FIRST = 60000001
PIECES = 500  # of each product
LIVING = 24  # orders that the agents, the review and the warehouse have before them
PRODUCTS = (
    ("不粘炒锅", 299), ("珐琅铸铁锅", 599), ("破壁料理机", 899), ("空气炸锅", 459), ("电压力锅", 369), ("手持吸尘器", 799),
    ("扫地机器人", 1999), ("蒸汽拖把", 389), ("除螨仪", 329), ("空气净化器", 1299), ("智能马桶盖", 1599), ("颈椎按摩仪", 259),
    ("足浴盆", 399), ("按摩椅", 4980), ("跑步机", 2399), ("动感单车", 1199), ("蚕丝被", 699), ("乳胶枕", 199),
    ("羽绒服", 599), ("羊绒衫", 459), ("真丝围巾", 168), ("健步鞋", 239), ("拉杆箱", 329), ("珍珠项链", 880),
    ("黄金转运珠", 1380), ("和田玉手镯", 2680), ("石英手表", 558), ("护肤套装", 498), ("面膜礼盒", 138), ("洗护套装", 158),
    ("普洱茶饼", 218), ("五常大米", 89.9), ("宁夏枸杞", 105), ("阿胶糕", 298), ("海参礼盒", 1080), ("进口红酒", 368),
    ("净水器", 1680), ("电动牙刷", 189), ("血压计", 268), ("老人手机", 399),
)  # fmt: skip
STATES = (*[State.DELIVERED] * 7, State.SHIPPED, State.RETURNED, State.CANCELLED)
CARRIERS = (("sf", "顺丰速运", "https://www.sf-express.com/chn/sc/waybill/list?billNumbers={number}"), ("ems", "中国邮政", ""))


@transaction.atomic
def orders(count: int) -> None:
    """Make the products, and demo orders until there are `count`."""
    _products()
    method, carrier = _delivery()
    already = Order.objects.count()
    buyers = list(Customer.objects.order_by("number").prefetch_related("phones", "addresses")[:count]) if already < count else []
    if not buyers:
        return
    takers = [agent.user for agent in Agent.objects.filter(active=True, user__groups__name="agent").select_related("user")[:40]]
    products = list(Product.objects.filter(gift_only=False).order_by("code"))
    living = 0 if already else min(LIVING, count // 2)
    for place in range(living):
        _living(place, buyers[place * 11 % len(buyers)], products, takers, method, carrier)
    last = Order.objects.filter(number__regex=r"^6[0-9]{7}$").order_by("-number").values_list("number", flat=True).first()
    start = int(last) - FIRST + 1 if last else 0
    _past(range(start, start + count - already - living), buyers, products, takers, method, carrier)


def _products() -> None:
    made = Product.objects.bulk_create(
        (
            Product(code=f"{1001 + n}", name=name, price=Decimal(str(price)), sounds=sounds(name))
            for n, (name, price) in enumerate(PRODUCTS)
            if not Product.objects.filter(code=f"{1001 + n}").exists()
        )
    )
    if made:
        stock.receive("", {product.pk: PIECES for product in made})


def _delivery() -> tuple[DeliveryMethod, Carrier]:
    """Standard, ten yuan, free from 299; express, 25. Nobody's changes are undone."""
    for code, name, url in CARRIERS:
        Carrier.objects.get_or_create(code=code, defaults={"name": name, "tracking_url": url})
    for place, (code, zh, en, fee, free) in enumerate(
        (("standard", "标准配送", "Standard", 10, 299), ("express", "加急配送", "Express", 25, None))
    ):
        names = {"name_zh": zh, "name_en": en, "position": place}
        method, new = DeliveryMethod.objects.get_or_create(code=code, defaults=names)
        if new:
            method.carriers.set(Carrier.objects.all())
            DeliveryFee.objects.create(method=method, fee=Decimal(fee), free_from=free)
    return DeliveryMethod.objects.get(code="standard"), Carrier.objects.get(code=CARRIERS[0][0])


def _living(
    place: int, buyer: Customer, products: list[Product], takers: list[User], method: DeliveryMethod, carrier: Carrier
) -> None:
    """One order brought as far as its place says: drafts, some to be reviewed, approved and prepared ones."""
    by = takers[place % len(takers)] if takers else None
    wants = [Want(products[place * 13 % len(products)].code, 1 + place % 2), Want(products[place * 7 % len(products)].code, 1)]
    order = drafts.add(None, buyer, {"method": method, "wish": "请送货前电话联系" if place % 3 == 0 else ""}, wants)
    Order.objects.filter(pk=order.pk).update(taken_by=by, created_at=timezone.now() - timedelta(minutes=7 * place))
    if place % 6 == 0:
        return
    order = steps.submit(order, None)
    if place % 6 in (1, 2, 3):
        return
    order = steps.approve(order, None, carrier, reason="已电话核实")
    if place % 6 == 5:
        steps.pick(order, None)


def _past(
    places: Iterable[int],
    buyers: list[Customer],
    products: list[Product],
    takers: list[User],
    method: DeliveryMethod,
    carrier: Carrier,
) -> None:
    """Orders whose story is told already: written at once, with all that hangs on them, as the services would have left it."""
    now = timezone.now()
    rows = [_old(n, buyers[n * 7 % len(buyers)], takers, method, now) for n in places]
    for place, order in zip(places, rows, strict=True):
        product, quantity = products[place * 13 % len(products)], 1 + place % 11 // 8
        texts = {"code": product.code, "name": product.name}
        order.line = OrderLine(  # type: ignore[attr-defined]
            position=1, product=product, **texts, quantity=quantity, price=product.price, amount=product.price * quantity
        )
        order.subtotal = order.total = product.price * quantity
        if order.state in (State.DELIVERED, State.RETURNED):
            order.paid = order.total if order.state == State.DELIVERED else Decimal(0)
        if order.state == State.RETURNED:
            order.returned_value, order.line.returned = order.total, quantity  # type: ignore[attr-defined]
    made = Order.objects.bulk_create(rows, batch_size=5000)
    lines = OrderLine.objects.bulk_create((_of(order) for order in made), batch_size=5000)
    went = [(order, line) for order, line in zip(made, lines, strict=True) if order.state != State.CANCELLED]
    Delivery.objects.bulk_create((_delivery_of(order, method, carrier) for order, _line in went), batch_size=5000)
    Reservation.objects.bulk_create(
        (
            Reservation(stock_id=line.product_id, ref=order.number, quantity=line.quantity, issued=True, put_back=line.returned)
            for order, line in went
        ),
        batch_size=5000,
    )
    Payment.objects.bulk_create(
        (
            Payment(order=order, method="cod", payer=order.recipient, amount=order.paid, paid_at=_later(order, 72))
            for order in made
            if order.paid
        ),
        batch_size=5000,
    )
    back = [(order, line) for order, line in went if line.returned]
    returns = Return.objects.bulk_create(
        Return(order=order, reason="not_taken", value=order.returned_value, at=_later(order, 90)) for order, _line in back
    )
    ReturnLine.objects.bulk_create(
        ReturnLine(back=row, line=line, quantity=line.returned) for row, (_order, line) in zip(returns, back, strict=True)
    )


def _old(place: int, buyer: Customer, takers: list[User], method: DeliveryMethod, now: Any) -> Order:
    at = now - timedelta(days=4, hours=place * 5 % 4000, minutes=place % 60)
    where = buyer.main_address
    address = {name: getattr(where, name) for name in ("province", "city", "district", "street")} if where else {"street": "-"}
    phone = next((one.number for one in buyer.phones.all()), "")
    state = STATES[place % len(STATES)]
    return Order(
        number=str(FIRST + place),
        customer=buyer,
        state=state,
        taken_by=takers[place % len(takers)] if takers else None,
        recipient=buyer.name,
        phone=phone,
        **address,
        method=method,
        reason="客户改变主意" if state == State.CANCELLED else "",
        created_at=at,
        submitted_at=at,
        updated_at=at,
    )


def _of(order: Any) -> OrderLine:
    line: OrderLine = order.line
    line.order = order
    return line


def _delivery_of(order: Order, method: DeliveryMethod, carrier: Carrier) -> Delivery:
    arrived = _later(order, 72) if order.state == State.DELIVERED else None
    return Delivery(
        order=order,
        carrier=carrier,
        method=method,
        tracking=f"SF{order.number}",
        cod_amount=order.total,
        created_at=_later(order, 4),
        shipped_at=_later(order, 24),
        delivered_at=arrived,
        signed_by=order.recipient if arrived else "",
    )


def _later(order: Order, hours: int) -> Any:
    return order.created_at + timedelta(hours=hours)
