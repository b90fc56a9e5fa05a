"""An order while it is taken: a draft in the database from its first line on, so that a lost call loses nothing."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.calls.numbers import normalise
from ccenter.calls.rights import seat_of
from ccenter.office.audit import audit, changed, state_of
from ccenter.office.errors import Conflict
from ccenter.office.rights import require
from ccenter.prepared import Prepared, Slot, fetched
from crm.models import Customer
from crm.selectors.customers import resolve
from orders.models import Order, OrderLine, PointExchange, Product
from orders.selectors import points
from orders.selectors.delivery import fee
from orders.selectors.shelf import Shelf
from orders.states import State
from orders.sums import ZERO

FIELDS = frozenset(
    {"channel", "call", "pay_by", "recipient", "phone", "province", "city", "district", "street", "method", "wish", "points_used"}
    | {"invoice_kind", "invoice_title", "invoice_tax_number", "invoice_email", "note", "branch", "sold_fee"}
)
MOST_LINES = 100
DERIVED = ("updated_at", "balance")  # not worth a line in the audit log
_to_write = Prepared(
    lambda: Order.objects.filter(pk=Slot("key")).select_related("customer", "method").select_for_update(of=("self",)).order_by()
)


class Want(NamedTuple):
    """So many of a product, at the price of now, or at the `price` for which another system has sold it."""

    code: str
    quantity: int
    price: Decimal | None = None


class Gift(NamedTuple):
    """So many of what a gift rule gives."""

    rule: int
    quantity: int


class Swap(NamedTuple):
    """So many of what can be had for points, by the key of its PointExchange."""

    exchange: int
    quantity: int


@transaction.atomic
def add(
    by: Any,
    customer: Customer,
    fields: Mapping[str, Any],
    lines: Iterable[Want] = (),
    gifts: Iterable[Gift] = (),
    swaps: Iterable[Swap] = (),
    shelf: Shelf | None = None,
) -> Order:
    """A new draft for the customer, or whom they were merged into. `fields`: those of FIELDS; without an address, the customer's.

    One draft for each call and person: Conflict for a second one, until the first is submitted. `shelf`: what was read already.
    """
    demand(by, "orders.add")
    customer = resolve(customer)
    one_of_the_call(fields.get("call", ""), by)
    seat = seat_of(by) if by is not None else None
    order = Order(number=next_number(), customer=customer, taken_by=by, agent=seat.number if seat else "")
    _fill(order, {**_address_of(customer), **fields})
    shelf = shelf or Shelf()
    new = _lines(lines, gifts, swaps, shelf)
    _save(order, new, shelf)
    sold = {"lines": (None, _told(new))} if any(line.sold for line in new) else {}
    audit(by, "orders.add", order, {"total": (None, order.total), "customer": (None, customer.pk), **sold})
    return order


@transaction.atomic
def change(
    order: Order,
    by: Any,
    fields: Mapping[str, Any],
    lines: Iterable[Want] | None = None,
    gifts: Iterable[Gift] | None = None,
    swaps: Iterable[Swap] | None = None,
    *,
    held: bool = False,
    shelf: Shelf | None = None,
) -> Order:
    """Changes a draft; `lines`, `gifts` and `swaps` replace what is there, None leaves them. Prices are those of now, but
    for products that were sold elsewhere: they keep theirs.

    `held`: the order was read in this transaction, and locked. `shelf`: what was read of goods already.
    """
    order = order if held else locked(order)
    demand(by, "orders.change", order)
    if order.state != State.DRAFT:
        raise Conflict({"state": [_("Only a draft can be changed. Call the order back first.")]})
    before, old = state_of(order, DERIVED), list(order.lines.all())
    _fill(order, fields)
    if lines is None:
        bought = [line for line in old if line.gift_rule_id is None and line.exchange_id is None]
        lines = [Want(line.code, line.quantity, line.price if line.sold else None) for line in bought]
    sold = {line.code: line.price for line in old if line.sold}
    lines = [want if want.price is not None else want._replace(price=sold.get(want.code)) for want in lines]
    if gifts is None:
        gifts = [Gift(line.gift_rule_id, line.quantity) for line in old if line.gift_rule_id is not None]
    if swaps is None:
        swaps = [Swap(line.exchange_id, line.quantity) for line in old if line.exchange_id is not None]
    shelf = shelf or Shelf()
    new = _lines(lines, gifts, swaps, shelf)
    _save(order, new, shelf, before, old)
    differences = changed(before, order)
    if (was := _told(old)) != (now := _told(new)):
        differences["lines"] = (was, now)
    if differences:
        audit(by, "orders.change", order, differences)
    return order


def locked(order: Order) -> Order:
    """The order as it is now with customer and way of delivery, locked until the transaction ends."""
    found = _to_write(key=order.pk)
    if not found:
        raise Order.DoesNotExist
    return found[0]


def one_of_the_call(call: str, by: Any, without: int | None = None) -> None:
    """Raises Conflict where this person has another draft of the call."""
    other = Order.objects.filter(call=call, taken_by=by, state=State.DRAFT).exclude(pk=without).first() if call else None
    if other is not None:
        raise Conflict({"call": [_("There is a draft of this call already: %s") % other.number]})


def demand(by: Any, action: str, row: Any = None) -> None:
    """Raises PermissionDenied for who may not. `by` None: the system itself, which may. `row`: as the database has it."""
    if by is not None:
        require(by, action, row, as_read=True)


def next_number() -> str:
    """The next order number: eight digits, never given twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_number')")
        return str(cursor.fetchone()[0])


def _address_of(customer: Customer) -> dict[str, str]:
    """The customer's main address; who gets it is the customer unless the address says otherwise."""
    where = next(iter(customer.addresses.all()), None)
    phone = (where.phone if where else "") or next((one.number for one in customer.phones.all()), "")
    if where is None:
        return {"recipient": customer.name, "phone": phone}
    place = {name: getattr(where, name) for name in ("province", "city", "district", "street")}
    return {"recipient": where.receiver or customer.name, "phone": phone, **place}


def _fill(order: Order, fields: Mapping[str, Any]) -> None:
    if unknown := set(fields) - FIELDS:
        raise ValidationError({name: [_("There is no such field.")] for name in sorted(unknown)})
    for name, value in fields.items():
        setattr(order, name, value)
    if order.phone:
        read = normalise(order.phone)
        if not read.is_e164:
            raise ValidationError({"phone": [_("Not a telephone number.")]})
        order.phone = read.number
    if order.method is not None and not order.method.active and "method" in fields:
        raise ValidationError({"method": [_("This is not offered any more.")]})


def _lines(wants: Iterable[Want], gifts: Iterable[Gift], swaps: Iterable[Swap], shelf: Shelf) -> list[OrderLine]:
    """Lines with the prices of now. The same product twice is one line, unless its prices differ, or one is had for points."""
    counted: dict[tuple[str, Decimal | None], int] = {}
    for want in wants:
        counted[want.code, want.price] = counted.get((want.code, want.price), 0) + want.quantity
    given: dict[int, int] = {}
    for gift in gifts:
        given[gift.rule] = given.get(gift.rule, 0) + gift.quantity
    swapped: dict[int, int] = {}
    for swap in swaps:
        swapped[swap.exchange] = swapped.get(swap.exchange, 0) + swap.quantity
    if len(counted) + len(given) + len(swapped) > MOST_LINES:
        raise ValidationError({"lines": [_("An order has at most 100 lines.")]})
    if any(not 1 <= quantity <= 9999 for quantity in (*counted.values(), *given.values(), *swapped.values())):
        raise ValidationError({"lines": [_("A quantity is from 1 to 9999.")]})
    rules = shelf.standing.gift_rules
    codes = [code for code, _price in counted]
    shelf.fetch(codes, [rules[rule].gift_id for rule in given if rule in rules])
    found = shelf.coded(codes)
    if missing := [code for code in codes if code not in found]:
        raise ValidationError({"lines": [_("There is no such product: %s") % code for code in missing]})
    if not given.keys() <= rules.keys():
        raise ValidationError({"gifts": [_("There is no such gift.")]})
    offers = PointExchange.objects.select_related("product").in_bulk(list(swapped)) if swapped else {}
    if len(offers) < len(swapped):
        raise ValidationError({"exchanges": [_("This cannot be had for points.")]})
    bought = [_bought(found[code], quantity, price, shelf) for (code, price), quantity in counted.items()]
    free = [_line(shelf.product(rules[rule].gift_id), quantity, ZERO, gift_rule=rules[rule]) for rule, quantity in given.items()]
    had = [_swapped(offers[key], quantity) for key, quantity in swapped.items()]
    return [*bought, *had, *free]


def _bought(product: Product, quantity: int, price: Decimal | None, shelf: Shelf) -> OrderLine:
    return _line(product, quantity, shelf.price(product.pk) if price is None else price, sold=price is not None)


def _swapped(offer: PointExchange, quantity: int) -> OrderLine:
    return _line(offer.product, quantity, offer.price, exchange=offer, points=offer.points)


def _line(product: Product, quantity: int, price: Decimal, **more: Any) -> OrderLine:
    texts = {"code": product.code, "name": product.name}
    return OrderLine(product=product, **texts, quantity=quantity, price=price, amount=price * quantity, **more)


def _save(
    order: Order,
    lines: Sequence[OrderLine],
    shelf: Shelf,
    before: Mapping[str, Any] | None = None,
    old: Sequence[OrderLine] = (),
) -> None:
    """Sums up, checks and writes the order and its lines. `before`, `old`: what the database has of them."""
    if any(line.product.currency != order.currency for line in lines):
        raise ValidationError({"lines": [_("All goods of an order are in one currency.")]})
    total_up(order, lines, shelf)
    order.updated_at = timezone.now()
    order.clean_fields(exclude=["customer", "taken_by", "method", "branch", "balance"])
    if before is None:
        order.save(force_insert=True)
    else:
        order.save(update_fields=[*changed(before, order), "updated_at"])
    if [_written(line) for line in old] == [_written(line) for line in lines]:
        return
    if old:
        with connection.cursor() as cursor:  # Django would look first for what refers to them; the database does, too
            cursor.execute("DELETE FROM orders_orderline WHERE order_id = %s", [order.pk])
    for place, line in enumerate(lines, 1):
        line.order, line.position = order, place
    OrderLine.objects.bulk_create(lines)
    fetched(order, "lines", list(lines))


def _written(line: OrderLine) -> tuple[Any, ...]:
    """What tells one line of a draft from another."""
    keys = (line.product_id, line.gift_rule_id, line.exchange_id)
    return (*keys, line.code, line.name, line.quantity, line.price, line.sold, line.amount, line.points)


def total_up(order: Order, lines: Sequence[OrderLine], shelf: Shelf) -> None:
    """Subtotal, points exchanged, delivery fee, what points pay, and total. More points than may be used are not used to pay."""
    order.subtotal = sum((line.amount for line in lines), ZERO)
    order.points_exchanged = sum(line.all_points for line in lines)
    where = (order.province, order.city, order.subtotal, shelf.standing)
    found = fee(order.method, *where) if order.method is not None and lines else None
    order.delivery_fee = order.sold_fee if order.sold_fee is not None else found or ZERO
    order.points_value = ZERO
    if order.points_used:
        now, terms = shelf.at, shelf.standing
        most = points.proposal(order.customer, order.subtotal, now, order.points_exchanged, standing=terms)
        order.points_used = min(order.points_used, most.points)
        order.points_value = points.value(order.points_used, now, terms)
    order.total = order.subtotal + order.delivery_fee - order.points_value


def _told(lines: Iterable[OrderLine]) -> list[str]:
    return [f"{line.code} × {line.quantity} à {_price(line)}" for line in lines]


def _price(line: OrderLine) -> str:
    return f"{line.price:.2f}{f' + {line.points} P' if line.points else ''}{' as sold elsewhere' if line.sold else ''}"
