"""A small shop: goods on the shelf, two carriers, two ways of delivery, and people who work there."""

from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from crm.models import Customer
from orders.models import Carrier, DeliveryFee, DeliveryMethod, Order, Product
from orders.services import drafts, steps, stock
from orders.services.drafts import Gift, Want
from tests.django.people import person

PHONE = "+8613800138000"


def product(code: str, price: str, pieces: int = 100, **fields: Any) -> Product:
    """On sale, `pieces` of it on the shelf."""
    found = Product.objects.create(code=code, name=f"Product {code}", price=Decimal(price), **fields)
    if pieces and found.stocked:
        stock.receive("P1", {found.pk: pieces})
    return found


def customer(name: str = "王芳", phone: str = PHONE, **fields: Any) -> Customer:
    found = Customer.objects.create(number=f"8000{Customer.objects.count():04}", name=name, **fields)
    found.phones.create(number=phone)
    found.addresses.create(province="浙江省", city="杭州市", district="西湖区", street="文三路1号", main=True)
    return found


def delivery() -> tuple[DeliveryMethod, Carrier]:
    """ "standard" for 10.00 everywhere (free from 300.00), 6.00 in Hangzhou; "sf" brings it and collects cash, "post" does not."""
    method = DeliveryMethod.objects.create(code="standard", name_zh="标准", name_en="Standard")
    DeliveryFee.objects.create(method=method, fee=Decimal(10), free_from=Decimal(300))
    DeliveryFee.objects.create(method=method, province="浙江省", city="杭州市", fee=Decimal(6), free_from=Decimal(300))
    carrier = Carrier.objects.create(code="sf", name="顺丰", tracking_url="https://example.org/track/{number}")
    method.carriers.add(carrier, Carrier.objects.create(code="post", name="邮政", cod=False))
    return method, carrier


def worker(name: str, *roles: str) -> User:
    """Somebody with these roles; an agent has a seat."""
    found = person(name, *roles[:1], seat="1001" if roles[0] == "agent" else "")
    found.groups.add(*[Group.objects.get_or_create(name=role)[0] for role in roles[1:]])
    return found


class Shop:
    """`pan` costs 100.00, `pot` 59.90, ten of each; anna takes orders, rita reviews, will ships, fred has the money."""

    def __init__(self) -> None:
        self.pan, self.pot = product("1001", "100", 10), product("1002", "59.90", 10)
        self.method, self.carrier = delivery()
        self.customer = customer()
        self.anna, self.rita = worker("anna", "agent"), worker("rita", "order_reviewer")
        self.will, self.fred = worker("will", "warehouse"), worker("fred", "finance")

    def draft(self, *lines: tuple[Product, int], gifts: tuple[Gift, ...] = (), **fields: Any) -> Order:
        """Two pans and a pot unless told otherwise."""
        wants = [Want(one.code, quantity) for one, quantity in lines or ((self.pan, 2), (self.pot, 1))]
        return drafts.add(self.anna, self.customer, {"method": self.method, **fields}, wants, gifts)

    def order(self, state: str, *lines: tuple[Product, int], **fields: Any) -> Order:
        """An order brought to this state step by step."""
        order = self.draft(*lines, **fields)
        for reached, step in (
            ("draft", lambda one: one),
            ("submitted", partial(steps.submit, by=self.anna)),
            ("approved", partial(steps.approve, by=self.rita, carrier=self.carrier, reason="looked at")),
            ("picking", partial(steps.pick, by=self.will)),
            ("shipped", partial(steps.ship, by=self.will, tracking=f"SF{order.number}")),
            ("delivered", partial(self.delivered, order)),
        ):
            order = step(order)
            if reached == state:
                break
        return self.fresh(order)

    def delivered(self, order: Order, _shipped: Order | None = None) -> Order:
        """The carrier has collected all there was to collect."""
        order = self.fresh(order)
        owed = order.delivery.cod_amount
        return steps.deliver(order, self.will, "王芳", timezone.now(), collected=owed)

    def fresh(self, order: Order) -> Order:
        return Order.objects.get(pk=order.pk)
