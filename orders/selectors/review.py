"""What the review of orders sees: the queue, and what is to be looked at in each order."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.calls.models import BlacklistEntry
from crm.models import CustomerPhone
from orders.models import Order, OrderLine, Reservation, ReviewRules
from orders.selectors.orders import listed
from orders.states import VOID, State


class Finding(NamedTuple):
    """`code`: duplicate, blacklist, limit, owing or stock. `stops`: no reason makes it good."""

    code: str
    text: str
    stops: bool = False


def queue() -> QuerySet[Order]:
    """The orders to be reviewed, the oldest first, as lists show them."""
    return listed().filter(state=State.SUBMITTED).order_by("submitted_at", "id")


def rules() -> ReviewRules:
    return ReviewRules.objects.first() or ReviewRules()


def findings(orders: Sequence[Order]) -> dict[int, list[Finding]]:
    """What is to be looked at, by order. Seven queries for however many orders."""
    terms, keys = rules(), [order.pk for order in orders]
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order__in=keys).select_related("product"):
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
    who = Q(order__customer__in=[order.customer_id for order in orders])
    who |= Q(order__phone__in=[order.phone for order in orders if order.phone])
    rows = OrderLine.objects.filter(who, order__created_at__gte=oldest, gift_rule=None)
    rows = rows.exclude(order__state__in=[*VOID, State.RETURNED]).order_by("order__number")
    others = list(
        rows.values_list("order_id", "order__number", "order__customer_id", "order__phone", "order__created_at", "product_id")
    )
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
    for customer, number in CustomerPhone.objects.filter(customer__in={order.customer_id for order in orders}).values_list(
        "customer_id", "number"
    ):
        numbers[number].add(customer)
    wanted = {*numbers, *(order.phone for order in orders)}
    now = timezone.now()
    entries = BlacklistEntry.objects.filter(Q(until=None) | Q(until__gt=now), number__in=wanted, active=True)
    bad = set(entries.values_list("number", flat=True))
    customers = {customer for number in bad for customer in numbers.get(number, ())}
    return {order.pk for order in orders if order.phone in bad or order.customer_id in customers}


def _owing(orders: Sequence[Order]) -> dict[int, list[str]]:
    """Delivered and not paid, by customer: the orders' numbers."""
    customers = {order.customer_id for order in orders}
    rows = Order.objects.filter(customer__in=customers, balance__gt=0, state__in=[State.DELIVERED, State.RETURNED])
    found: dict[int, list[str]] = defaultdict(list)
    for customer, number in rows.order_by("number").values_list("customer_id", "number"):
        found[customer].append(number)
    return found


def _reserved(orders: Sequence[Order]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for number, product, quantity in Reservation.objects.filter(
        ref__in=[order.number for order in orders], issued=False
    ).values_list("ref", "stock_id", "quantity"):
        found[number][product] = quantity
    return found


def _short(lines: Sequence[OrderLine], reserved: dict[int, int]) -> list[str]:
    """Goods that are not reserved in full: an order from another system, say."""
    needs: dict[int, int] = defaultdict(int)
    for line in lines:
        needs[line.product_id] += line.quantity if line.product.stocked else 0
    short = {product for product, quantity in needs.items() if reserved.get(product, 0) < quantity}
    return list(dict.fromkeys(line.name for line in lines if line.product_id in short))
