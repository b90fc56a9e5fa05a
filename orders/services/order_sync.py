"""Orders as other systems know them, for `crm.services.syncing`: a web shop's come to our review, ours are told there.

A new row is an order that waits for review, of the customer that `customer` names (member number or telephone number; a new one
where nobody has that number). Until it is approved their changes are taken; after that only what happens here counts.
What they sold it for stays, whatever our prices and fees are. Payments they report are taken at any time, each reference once.
"""

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.calls.numbers import normalise
from ccenter.calls.tokens import spelt
from crm.models import Customer
from crm.selectors.customers import owners, resolve
from crm.services import syncing
from crm.services.customers import add_customer
from crm.services.fields import YES
from crm.services.syncing import Texts
from orders.models import DeliveryMethod, Order, Payment
from orders.models.orders import PayBy
from orders.services import drafts, payments, steps
from orders.services.drafts import Want
from orders.states import State
from orders.sums import CENT

PLACE = ("recipient", "phone", "province", "city", "district", "street")
TEXTS = (*PLACE, "pay_by", "wish", "note")
OURS = ("number", "state", "total", "paid", "tracking")  # told, never taken
ADDED = ("payments",)
_AMOUNT = r"([0-9]{1,8}(?:\.[0-9]{1,2})?)"
_LINE = re.compile(rf"\s*([^\s*×;,@]{{1,20}})\s*(?:[*×x]\s*([0-9]{{1,4}}))?\s*(?:@\s*{_AMOUNT})?\s*")
_PAYMENT = re.compile(rf"\s*([a-z]{{1,8}}):([^\s:;,@]{{1,60}}):{_AMOUNT}(?:@(\S{{10,40}}))?\s*")


class Paid(NamedTuple):
    """A payment as they report it; `at` None: they do not say when."""

    method: str
    reference: str
    amount: Decimal
    at: datetime | None


def targets() -> dict[str, str]:
    theirs = {
        "customer": _("customer"),
        "lines": _("goods, as “1001*2; 1002”, with the price they were sold at “1001*2@89.00”"),
        "delivery_fee": _("delivery fee they took"),
        "payments": _("payments, as “alipay:reference:89.00; card:reference:10@2026-11-22T10:00”"),
        "method": _("way of delivery"),
        "cancelled": _("cancelled"),
    }
    columns = {name: str(Order._meta.get_field(name).verbose_name) for name in (*TEXTS, "number", "state", "total", "paid")}
    return {**theirs, **columns, "tracking": _("tracking number")}


def known(texts: Texts) -> list[int]:
    """An order is never guessed to be another."""
    return []


@transaction.atomic
def save(key: int | None, texts: Texts) -> int:
    fields = _fields(texts)
    if key is None:
        order = drafts.add(None, _customer(texts), {**fields, "channel": Order.Channel.IMPORT}, _wants(texts))
        order = steps.submit(order, None)
        return _cancelled(order, texts).pk
    order = Order.objects.select_related("method").get(pk=key)
    if not _differs(order, fields, _wants(texts)):
        return _cancelled(order, texts).pk
    if order.state == State.SUBMITTED:
        order = steps.reopen(order, None, _("changed in the other system"))
        order = drafts.change(order, None, fields, _wants(texts) if "lines" in texts else None)
        order = steps.submit(order, None)
    elif texts.get("cancelled", "").casefold() not in YES:
        raise ValidationError(_("The order %(number)s is under way already.") % {"number": order.number})
    return _cancelled(order, texts).pk


def _cancelled(order: Order, texts: Texts) -> Order:
    if texts.get("cancelled", "").casefold() in YES and order.state != State.CANCELLED:
        return steps.cancel(order, None, _("cancelled in the other system"))
    return order


@transaction.atomic
def add(key: int, texts: Texts) -> bool:
    """Enters the payments that were not yet; whether there were some. What was undone here stays undone."""
    order = Order.objects.get(pk=key)
    there = {(one.method, one.reference): one.amount for one in order.payments.filter(kind=Payment.Kind.PAYMENT)}
    new = False
    for paid in _payments(texts):
        known = there.setdefault((paid.method, paid.reference), paid.amount)
        if known != paid.amount:
            text = _("%(reference)s was %(amount)s.") % {"reference": paid.reference, "amount": known}
            raise ValidationError({"payments": text})
        if not order.payments.filter(method=paid.method, reference=paid.reference).exists():
            payments.receive(
                order,
                None,
                paid.amount,
                paid.method,
                order.recipient,
                paid_at=paid.at,
                reference=paid.reference,
                note=_("told by the other system"),
                more_than_owed=True,  # they have it
            )
            new = True
    return new


def _differs(order: Order, fields: dict[str, object], wants: list[Want]) -> bool:
    """Whether the row says anything else than the order has."""
    told = {**fields, "phone": normalise(str(fields["phone"])).number} if "phone" in fields else fields
    if any(getattr(order, name) != value for name, value in told.items()):
        return True
    lines = [Want(line.code, line.quantity, line.price if line.sold else None) for line in order.goods]
    return bool(wants) and _pieces(wants) != _pieces(lines)


def _pieces(wants: list[Want]) -> Counter[tuple[str, Decimal | None]]:
    found: Counter[tuple[str, Decimal | None]] = Counter()
    for want in wants:
        found[want.code, want.price] += want.quantity
    return found


def _payments(texts: Texts) -> list[Paid]:
    found = []
    for part in re.split(r"[;,，；\n]", texts.get("payments", "")):
        if part.strip():
            paid = _PAYMENT.fullmatch(part)
            at = None
            if paid and paid[4]:
                with suppress(ValueError):
                    at = datetime.fromisoformat(paid[4])
            if paid is None or paid[1] not in PayBy.values or (paid[4] and at is None):
                raise ValidationError({"payments": _("Not known: %(text)s") % {"text": part.strip()[:20]}})
            at = timezone.make_aware(at) if at and at.tzinfo is None else at
            found.append(Paid(paid[1], paid[2], Decimal(paid[3]), at))
    return found


def _fields(texts: Texts) -> dict[str, object]:
    fields: dict[str, object] = {name: texts[name] for name in TEXTS if texts.get(name)}
    if "pay_by" in fields and fields["pay_by"] not in PayBy.values:
        raise ValidationError({"pay_by": _("Not known: %(text)s") % {"text": texts["pay_by"][:20]}})
    if fee := texts.get("delivery_fee"):
        if not re.fullmatch(_AMOUNT, fee):
            raise ValidationError({"delivery_fee": _("Not known: %(text)s") % {"text": fee[:20]}})
        fields["sold_fee"] = Decimal(fee)
    if texts.get("method"):
        fields["method"] = DeliveryMethod.objects.filter(code=texts["method"], active=True).first()
        if fields["method"] is None:
            raise ValidationError({"method": _("Not known: %(text)s") % {"text": texts["method"][:20]}})
    return fields


def _wants(texts: Texts) -> list[Want]:
    found = []
    for part in re.split(r"[;,，；\n]", texts.get("lines", "")):
        if part.strip():
            line = _LINE.fullmatch(part)
            if line is None:
                raise ValidationError({"lines": _("Not known: %(text)s") % {"text": part.strip()[:20]}})
            price = Decimal(line[3]).quantize(CENT) if line[3] else None
            found.append(Want(line[1], int(line[2] or 1), price))
    return found


def _customer(texts: Texts) -> Customer:
    told = texts.get("customer", "")
    if told and (found := Customer.objects.filter(number=told).first()):
        return resolve(found)
    number = normalise(told or texts.get("phone", "")).number
    people = owners([number]) if number else []
    if len(people) > 1:
        raise ValidationError({"customer": _("Several customers have this number.")})
    if people:
        return people[0]
    if not number.startswith("+") or not texts.get("recipient"):
        raise ValidationError({"customer": _("There is no such customer.")})
    return add_customer({"name": texts["recipient"]}, [number])


def load(keys: Iterable[int]) -> dict[int, Texts]:
    """Three queries."""
    rows = Order.objects.filter(pk__in=list(keys)).select_related("customer", "method", "delivery")
    return {order.pk: _texts(order) for order in rows.prefetch_related("lines", "payments")}


def _texts(order: Order) -> Texts:
    delivery = getattr(order, "delivery", None)
    return {
        **{name: str(getattr(order, name)) for name in TEXTS},
        "phone": spelt(order.phone),
        "customer": order.customer.number,
        "lines": "; ".join(f"{line.code}*{line.quantity}{f'@{line.price}' if line.sold else ''}" for line in order.goods),
        "delivery_fee": str(order.delivery_fee),
        "payments": "; ".join(sorted(f"{one.method}:{one.reference}:{one.amount}" for one in order.payments.all())),
        "method": order.method.code if order.method else "",
        "cancelled": "true" if order.state == State.CANCELLED else "false",
        "number": order.number,
        "state": order.state,
        "total": str(order.total),
        "paid": str(order.paid),
        "tracking": delivery.tracking if delivery else "",
    }


def changed(since: datetime) -> list[int]:
    return list(Order.objects.filter(updated_at__gte=since).order_by("updated_at", "id").values_list("pk", flat=True))


def when(key: int) -> datetime:
    return Order.objects.values_list("updated_at", flat=True).get(pk=key)


syncing.register("order", syncing.Adapter(targets, known, save, load, changed, when, OURS, ADDED, add))
