"""Customers and calls for the desk's tests."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from ccenter.calls.models import Call, CallAgent, Recording
from crm.models import Customer, CustomerPhone
from orders.models import Order, Product

NUMBER = "+8613800138000"


def customer(name: str = "王芳", *phones: str, number: str = "", **fields: Any) -> Customer:
    place = Customer.objects.count() + 1
    found = Customer.objects.create(number=number or f"8000{place:04}", name=name, **{"title": "ms", **fields})
    for phone in phones or (NUMBER,):
        found.phones.create(number=phone, shared=CustomerPhone.objects.filter(number=phone).exists())
    return found


def order(owner: Customer, number: str, state: str = "approved") -> Order:
    """An order of one thing, in that state from the beginning."""
    product, _new = Product.objects.get_or_create(code="1001", defaults={"name": "不粘炒锅", "price": Decimal("299.5")})
    money = {"subtotal": product.price, "total": product.price}
    where = {"recipient": owner.name, "phone": NUMBER, "city": "杭州市", "street": "文三路1号"}
    found = Order.objects.create(customer=owner, number=number, state=state, submitted_at=timezone.now(), **money, **where)
    found.lines.create(
        position=1, product=product, code=product.code, name=product.name, quantity=1, price=product.price, amount=product.price
    )
    return found


def call(ident: str, part: str = "", *, ago: float = 0.0, spoke: bool = True, number: str = NUMBER, **fields: Any) -> Call:
    """A call that came in `ago` seconds ago; with `part`, an agent who had to do with it."""
    at = timezone.now() - timedelta(seconds=ago)
    row = {"direction": "in", "ani": number, "number": number, "dnis": "4001", "state": "RESERVED", "queue": "sales"}
    found = Call.objects.create(id=ident, started_at=at, **{**row, **fields})
    if part:
        CallAgent.objects.create(call=ident, agent=part, seq=1, at=at, spoke=spoke)
    return found


def recording(ident: str, of: Call) -> Recording:
    at = of.started_at
    return Recording.objects.create(
        id=ident, call=of.id, started_at=at, ended_at=at, state="raw", converted_at=at, file="x.ogg", seconds=12.5
    )
