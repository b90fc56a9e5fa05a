"""Reads of orders, as screens show them."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import Case, Prefetch, Q, QuerySet, Value, When

from ccenter.office.rights import everywhere, masked, scoped
from ccenter.prepared import Prepared, Slot
from crm.models import Customer
from orders.models import Order, OrderLine
from orders.states import State

SHOWN = 10  # of one customer

_lines_of = Prepared(lambda: OrderLine.objects.filter(order__among=Slot("keys")).order_by("position"))
_orders_of = Prepared(
    lambda: (
        Order.objects.filter(customer__among=Slot("customers"))
        .exclude(state=State.CANCELLED, submitted_at=None)
        .order_by(
            Case(When(state=State.DRAFT, then=Value(0)), When(state__in=Order.OPEN, then=Value(1)), default=Value(2)),
            "-created_at",
        )[: 10 * SHOWN]
    ),
    lines=(_lines_of, "order_id"),
)


_one = Prepared(lambda: _joined().filter(number=Slot("number")), lines=(_lines_of, "order_id"))
_locked = Prepared(lambda: _joined().filter(number=Slot("number")).select_for_update(of=("self",)), lines=(_lines_of, "order_id"))
_begun = Prepared(
    lambda: (
        Order.objects.filter(taken_by=Slot("user"), state=State.DRAFT)
        .filter(Q(customer=Slot("customer")) | (Q(call=Slot("call")) & ~Q(call="")))
        .only("number", "call")
        .order_by("-created_at", "-id")
    )
)


def one(number: str, *, lock: bool = False) -> Order | None:
    """The order of this number, as `listed` has it. `lock`: it stays as it is until the transaction ends. Two queries."""
    found = (_locked if lock else _one)(number=number)
    return found[0] if found else None


def orders_of(customers: Collection[int]) -> dict[int, list[Order]]:
    """By customer: drafts, the open ones, then the latest; with their lines. Two queries."""
    found: dict[int, list[Order]] = defaultdict(list)
    for row in _orders_of(customers=list(customers)) if customers else ():
        if len(found[row.customer_id]) < SHOWN:
            found[row.customer_id].append(row)
    return found


def note_right(user: Any) -> str:
    """What it takes to have a delivery note, which tells number and street whole: who reads them masked has to be sending."""
    return "dispatch" if masked(user, "number") or masked(user, "address") else "view"


def belongs(order: str, customer: int | None) -> bool:
    """Whether there is this order, of this customer if one is named."""
    whose = Q() if customer is None else Q(customer=customer)
    return Order.objects.filter(whose, number=order).exists()


def search(user: Any, text: str, most: int = 20) -> list[Order]:
    """Orders by their number or its beginning (four digits or more), with `customer` and their phones; both the user must see."""
    if not (text.isdecimal() and len(text) >= 4):
        return []
    rows = scoped(user, Order.objects.select_related("customer").prefetch_related("customer__phones", _lines()), "orders")
    if not everywhere(user, "customers.view"):
        rows = rows.filter(customer__in=scoped(user, Customer.objects.all(), "customers"))
    return list(rows.filter(number__startswith=text).order_by("number")[: most + 1])


def buyers(text: str, most: int) -> list[int]:
    """Keys of the customers whose order has this number, or one that begins so (six digits or more)."""
    if not (text.isascii() and text.isdecimal() and 6 <= len(text) <= 16):
        return []
    return list(Order.objects.filter(number__startswith=text).order_by("number").values_list("customer", flat=True)[:most])


def listed() -> QuerySet[Order]:
    """As lists show them: with customer, delivery, carrier, who took it, and lines. Two queries for a page."""
    return _joined().prefetch_related(_lines())


def _joined() -> QuerySet[Order]:
    rows = Order.objects.select_related("customer", "delivery__carrier", "delivery__method", "method", "taken_by", "branch")
    return rows.defer("customer__pin", "customer__fields", "taken_by__password")


def whole() -> QuerySet[Order]:
    """With everything that hangs on an order, for its page. Five queries."""
    return listed().prefetch_related("payments__by", "returns__lines", "returns__by", "invoices")


def drafts(user: Any, customer: int, call: str) -> list[Order]:
    """What this user began in this call or for this customer and did not submit, the newest first; `number` and `call` only."""
    return _begun(user=user.pk, customer=customer, call=call)


def bought(order: Order) -> str:
    """What was bought, in a few words: the first product, and how many more. From lines that were fetched."""
    lines = order.lines.all()
    first = next((line.name for line in lines), "")
    return f"{first} +{len(lines) - 1}" if len(lines) > 1 else first


def pieces(order: Order) -> int:
    """How many pieces were bought, without gifts. From lines that were fetched."""
    return sum(line.quantity for line in order.lines.all() if line.gift_rule_id is None)


def _lines() -> "Prefetch[Any]":
    return Prefetch("lines", OrderLine.objects.order_by("position"))


def phone_of(key: str) -> str | None:
    """The telephone of the recipient of the order with this id."""
    return Order.objects.filter(pk=key).values_list("phone", flat=True).first() if key.isdecimal() else None
