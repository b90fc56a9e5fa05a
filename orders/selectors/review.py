"""What the review of orders sees: the queue, and what is to be looked at in each order."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.calls.models import BlacklistEntry
from ccenter.prepared import Prepared, Slot
from crm.models import CustomerPhone
from orders.models import Order, OrderLine, Reservation, ReviewRules
from orders.selectors.orders import listed
from orders.states import VOID, State

_rules = Prepared(lambda: ReviewRules.objects.all()[:1])
_lines = Prepared(
    lambda: OrderLine.objects.filter(order__among=Slot("keys")).select_related("product").order_by("order_id", "position")
)
_alike: Prepared[Any] = Prepared(
    lambda: (
        OrderLine.objects.filter(Q(order__customer__among=Slot("customers")) | Q(order__phone__among=Slot("phones")))
        .filter(order__created_at__gte=Slot("since"), gift_rule=None)
        .exclude(order__state__in=[*VOID, State.RETURNED])
        .order_by("order__number")
        .values_list("order_id", "order__number", "order__customer_id", "order__phone", "order__created_at", "product_id")
    )
)
_numbers: Prepared[Any] = Prepared(
    lambda: CustomerPhone.objects.filter(customer__among=Slot("customers")).order_by().values_list("customer_id", "number")
)
_refused: Prepared[Any] = Prepared(
    lambda: (
        BlacklistEntry.objects.filter(Q(until=None) | Q(until__gt=Slot("now")), number__among=Slot("numbers"), active=True)
        .order_by()
        .values_list("number")
    )
)
_unpaid: Prepared[Any] = Prepared(
    lambda: (
        Order.objects.filter(customer__among=Slot("customers"), balance__gt=0, state__in=[State.DELIVERED, State.RETURNED])
        .order_by("number")
        .values_list("customer_id", "number")
    )
)
_kept: Prepared[Any] = Prepared(
    lambda: (
        Reservation.objects.filter(ref__among=Slot("refs"), issued=False).order_by().values_list("ref", "stock_id", "quantity")
    )
)


class Finding(NamedTuple):
    """`code`: duplicate, blacklist, limit, owing or stock. `stops`: no reason makes it good."""

    code: str
    text: str
    stops: bool = False


def queue() -> QuerySet[Order]:
    """The orders to be reviewed, the oldest first, as lists show them."""
    return listed().filter(state=State.SUBMITTED).order_by("submitted_at", "id")


def rules() -> ReviewRules:
    found = _rules()
    return found[0] if found else ReviewRules()


def findings(orders: Sequence[Order]) -> dict[int, list[Finding]]:
    """What is to be looked at, by order. Seven queries for however many orders."""
    terms, keys = rules(), [order.pk for order in orders]
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in _lines(keys=keys):
        lines[line.order_id].append(line)
    duplicates = _duplicates(orders, lines, terms.duplicate_days)
    refused, owing, kept = _blacklisted(orders), _owing(orders), _reserved(orders)
    found: dict[int, list[Finding]] = {}
    for order in orders:
        here = found[order.pk] = []
        if others := duplicates.get(order.pk):
            here.append(Finding("duplicate", _("The same was ordered lately: %s") % ", ".join(others)))
        if order.pk in refused:
            here.append(Finding("blacklist", _("The customer's or the recipient's number is on the blacklist.")))
        if terms.limit is not None and order.total >= terms.limit:
            here.append(Finding("limit", _("The total is %(limit)s or more.") % {"limit": terms.limit}))
        if order.customer_id in owing:
            here.append(
                Finding("owing", _("The customer has not paid for delivered orders: %s") % ", ".join(owing[order.customer_id]))
            )
        if order.state == State.SUBMITTED and (short := _short(lines[order.pk], kept.get(order.number, {}))):
            here.append(Finding("stock", _("Not in stock: %s") % ", ".join(short), stops=True))
    return found


def _duplicates(orders: Sequence[Order], lines: dict[int, list[OrderLine]], days: int) -> dict[int, list[str]]:
    """Other orders, for the same customer or telephone, of something that is ordered here too; their numbers."""
    products = {order.pk: {line.product_id for line in lines[order.pk] if line.gift_rule_id is None} for order in orders}
    oldest = min((order.created_at for order in orders), default=timezone.now()) - timedelta(days=days)
    customers, phones = [order.customer_id for order in orders], [order.phone for order in orders if order.phone]
    others = _alike(customers=customers, phones=phones, since=oldest)
    found: dict[int, list[str]] = {}
    for order in orders:
        near = timedelta(days=days)
        numbers = {
            number: None
            for key, number, customer, phone, at, product in others
            if key != order.pk
            and (customer == order.customer_id or (phone and phone == order.phone))
            and product in products[order.pk]
            and abs(order.created_at - at) <= near
        }
        if numbers:
            found[order.pk] = list(numbers)
    return found


def _blacklisted(orders: Sequence[Order]) -> set[int]:
    """Of those whose customer or recipient is not answered on the telephone either."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for customer, number in _numbers(customers=list({order.customer_id for order in orders})):
        numbers[number].add(customer)
    wanted = {*numbers, *(order.phone for order in orders)}
    bad = {number for (number,) in _refused(numbers=list(wanted), now=timezone.now())}
    customers = {customer for number in bad for customer in numbers.get(number, ())}
    return {order.pk for order in orders if order.phone in bad or order.customer_id in customers}


def _owing(orders: Sequence[Order]) -> dict[int, list[str]]:
    """Delivered and not paid, by customer: the orders' numbers."""
    found: dict[int, list[str]] = defaultdict(list)
    for customer, number in _unpaid(customers=list({order.customer_id for order in orders})):
        found[customer].append(number)
    return found


def _reserved(orders: Sequence[Order]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for number, product, quantity in _kept(refs=[order.number for order in orders]):
        found[number][product] = quantity
    return found


def _short(lines: Sequence[OrderLine], reserved: dict[int, int]) -> list[str]:
    """Goods that are not reserved in full: an order from another system, say."""
    needs: dict[int, int] = defaultdict(int)
    for line in lines:
        needs[line.product_id] += line.quantity if line.product.stocked else 0
    short = {product for product, quantity in needs.items() if reserved.get(product, 0) < quantity}
    return list(dict.fromkeys(line.name for line in lines if line.product_id in short))
